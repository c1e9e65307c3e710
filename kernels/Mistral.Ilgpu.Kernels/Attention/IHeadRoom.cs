namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>How many elements of a head shared memory has room for; smaller heads leave the rest unused.</summary>
public interface IHeadRoom
{
    static abstract int Elements { get; }
}
