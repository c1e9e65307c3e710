namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>The scores of a warp's 16 queries for a few tiles of keys, which the softmax turns into weights where they
/// lie.</summary>
public interface ITensorScores
{
    /// <summary>Tiles of 16 keys.</summary>
    static abstract int Tiles { get; }

    /// <param name="keys">Where the lane finds its 16 bytes of the first keys' first elements.</param>
    void Score<THead>(ref THead head, uint keys)
        where THead : struct, ITensorHead;

    /// <summary>Keeps the scores of keys that the top and the bottom row see. Keys are counted from the first one here.</summary>
    void Mask(int topFirst, int topLast, int bottomFirst, int bottomLast);

    float TopMax();

    float BottomMax();

    /// <summary>score → 2^(score − max).</summary>
    void Exponentiate(float topMax, float bottomMax);

    float TopSum();

    float BottomSum();

    /// <summary>outputs += weights × values.</summary>
    void AddTo<THead>(ref THead head, uint values, uint swizzle)
        where THead : struct, ITensorHead;
}
