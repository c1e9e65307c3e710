namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>Marks a form, or a type argument of forms, for CUDA devices of an architecture or newer, 80 for sm_80: made of inline
/// PTX, or of what OpenCL lacks.</summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class CudaFormAttribute(int architecture) : Attribute
{
    public int Architecture => architecture;

    /// <summary>Threads of its groups; 0 where a launch may choose.</summary>
    public int GroupSize { get; init; }

    /// <summary>
    /// Groups that a multiprocessor is to have room for; 0 where the assembler may choose. Unless the assembler is told, it takes
    /// few registers so that many threads fit. A thread with few registers waits for one load before it asks for the next. Needs
    /// a <see cref="GroupSize"/>.
    /// </summary>
    public int GroupsAtOnce { get; init; }

    /// <summary>Whether newer architectures lack what it is made of.</summary>
    public bool IsAlone { get; init; }

    /// <summary>Bytes of shared memory that a launch gives each group, beyond what the kernel declares.</summary>
    public int DynamicSharedBytes { get; init; }
}
