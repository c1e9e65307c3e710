namespace Mistral.Ilgpu.Kernels.Attention;

public readonly struct HeadOf256 : IHeadRoom
{
    public static int Elements => 256;
}
