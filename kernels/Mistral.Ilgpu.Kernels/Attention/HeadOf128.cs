namespace Mistral.Ilgpu.Kernels.Attention;

public readonly struct HeadOf128 : IHeadRoom
{
    public static int Elements => 128;
}
