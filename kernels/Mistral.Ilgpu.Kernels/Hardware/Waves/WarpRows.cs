namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>What forms with a warp for a row or two have in common.</summary>
public static class WarpRows
{
    public const int WarpsPerGroup = 8;

    public const int GroupSize = WarpsPerGroup * Wave.Size;
}
