namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>
/// What a method is in OpenCL C, as <c>CudaAsm</c> says what one is in PTX: a statement in the names of the method's parameters.
/// A parameter by reference stands for the <see cref="Lanes.Count"/> elements from there on, as one vector. With _at behind its
/// name it stands for their address. <c>result</c> stands for what is returned. Elsewhere the method's own body runs.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OpenClAttribute(string statement) : Attribute
{
    public string Statement { get; } = statement;
}
