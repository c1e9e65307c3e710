namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>Takes them as they are.</summary>
public readonly struct AsTheyAre : IInputNorm
{
    public static bool IsOn => false;
}
