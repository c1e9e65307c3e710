namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>How many elements of a head shared memory has room for; smaller heads leave the rest unused.</summary>
public interface IHeadRoom
{
    static abstract int Elements { get; }
}

public readonly struct HeadOf64 : IHeadRoom
{
    public static int Elements => 64;
}

public readonly struct HeadOf128 : IHeadRoom
{
    public static int Elements => 128;
}

public readonly struct HeadOf256 : IHeadRoom
{
    public static int Elements => 256;
}
