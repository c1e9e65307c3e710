namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// What a method is in the OpenCL C of GPUs: a statement in the names of the method's parameters; <c>result</c> stands for what
/// is returned. Structs are C structs with fields <c>field_0</c>, <c>field_1</c> and so on. The functions that statements call
/// are in <see cref="WavePrelude"/>. The method's own body runs on the CPU accelerator. It needs
/// <see cref="ILGPU.IR.Intrinsics.IntrinsicImplementationAttribute"/> too, so that ILGPU does not compile that body.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WaveAttribute(string statement) : Attribute
{
    public string Statement { get; } = statement;
}
