namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// Names methods of the same type and signature that replace a method where kernels are compiled for a kind of device. The
/// method's own body runs on the CPU accelerator. ILGPU keeps a branch that asks for the device, so a choice within a body would
/// cost instructions.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BodiesAttribute : Attribute
{
    /// <summary>The body for CUDA; null for the method's own.</summary>
    public string? Cuda { get; init; }

    /// <summary>The body for OpenCL; null for the method's own.</summary>
    public string? OpenCl { get; init; }
}
