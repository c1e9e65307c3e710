namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// Marks a form for ILGPU's CPU accelerator alone, which runs the method as the C# compiler made it. It may use what no GPU has a
/// translation for.
/// </summary>
/// <param name="reason">What that is.</param>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class CpuFormAttribute(string reason) : Attribute
{
    public string Reason { get; } = reason;
}
