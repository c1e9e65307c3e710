namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>Norms them, see <see cref="RmsNormed"/>.</summary>
public readonly struct AsNormed : IInputNorm
{
    public static bool IsOn => true;
}
