namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// A kernel is a value: its views and scalars are its fields, and <see cref="Execute"/> is what one work item does.
/// Implementations must be public structs; ILGPU's CPU accelerator reaches them from generated code.
/// </summary>
public interface IKernel
{
    void Execute();
}

/// <summary>A kernel without groups or barriers, whose work items share its work as <see cref="WorkShare"/> says.</summary>
public interface ISharedKernel : IKernel
{
    /// <summary>What the work item with this share does.</summary>
    void Execute(WorkShare share);
}

/// <summary>
/// Marks a form whose work items work together by group, through shared memory and barriers: for GPUs. Other forms need neither
/// and run anywhere. In OpenCL a barrier orders shared memory alone: what an item writes to global memory no other item of its
/// group may read.
/// </summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class GroupFormAttribute : Attribute;

/// <summary>Marks a form for CUDA devices of an architecture or newer, 80 for sm_80: made of inline PTX, or of what OpenCL
/// lacks.</summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class CudaFormAttribute(int architecture) : Attribute
{
    public int Architecture => architecture;

    /// <summary>Threads of its groups; 0 where a launch may choose.</summary>
    public int GroupSize { get; init; }

    /// <summary>
    /// Groups that a multiprocessor is to have room for; 0 where the assembler may choose. Unless it is told, it takes few
    /// registers so that many threads fit, and a thread with few registers waits for one load before it asks for the next. Needs
    /// a <see cref="GroupSize"/>.
    /// </summary>
    public int GroupsAtOnce { get; init; }

    /// <summary>Whether newer architectures lack what it is made of.</summary>
    public bool IsAlone { get; init; }

    /// <summary>Bytes of shared memory that a launch gives each group, beyond what the kernel declares.</summary>
    public int DynamicSharedBytes { get; init; }
}

/// <summary>
/// Marks a form for ILGPU's CPU accelerator alone, which runs the method as the C# compiler made it: it may use what no GPU has a
/// translation for.
/// </summary>
/// <param name="reason">What that is.</param>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class CpuFormAttribute(string reason) : Attribute
{
    public string Reason { get; } = reason;
}

/// <summary>The one entry point that ILGPU compiles for every kernel.</summary>
public static class KernelEntry
{
    public static void Run<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel => kernel.Execute();
}
