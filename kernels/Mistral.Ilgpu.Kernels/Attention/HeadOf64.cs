namespace Mistral.Ilgpu.Kernels.Attention;

public readonly struct HeadOf64 : IHeadRoom
{
    public static int Elements => 64;
}
