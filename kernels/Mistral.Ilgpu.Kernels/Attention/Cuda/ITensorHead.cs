namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// A warp's 16 queries and their outputs over the elements of a head, all in registers. A head is built of
/// <see cref="HeadRun{TFormat}"/>s by doubling, so that the compiler writes out every loop over its elements.
/// </summary>
public interface ITensorHead
{
    /// <summary>Elements that there is room for; a head may have fewer.</summary>
    static abstract int Size { get; }

    /// <summary>Two numbers in the format that tensor cores multiply.</summary>
    static abstract uint Pair(float low, float high);

    /// <summary>Rounds the queries' elements from <paramref name="element"/> on, and clears the outputs.</summary>
    void Begin(in TensorRow top, in TensorRow bottom, int element);

    /// <summary>Adds the products of queries and 16 keys to their scores.</summary>
    /// <param name="keys">Where the lane finds its 16 bytes of the keys' elements from <paramref name="element"/> on.</param>
    void Score(ref KeyScores scores, uint keys, int element);

    /// <summary>Multiplies the outputs of the rows of the upper and of the lower half.</summary>
    void Scale(float top, float bottom);

    /// <summary>outputs += weights × values, of 16 positions.</summary>
    /// <param name="values">The row of values that is the lane's to name.</param>
    /// <param name="swizzle">What the place of an element's 16 bytes in it is combined with, see
    /// <see cref="TensorTiles{THead}"/>.</param>
    void Add(uint weightA, uint weightB, uint weightC, uint weightD, uint values, uint swizzle, int element);

    void Write<TOutput>(in TensorRow top, in TensorRow bottom, float topFactor, float bottomFactor, int element)
        where TOutput : struct, IAttendOutput;

    /// <summary>Leaves the outputs in shared memory for another warp's same lanes.</summary>
    void Save(uint to, int element);

    /// <summary>Adds what another warp left.</summary>
    void AddSaved(uint from, float top, float bottom, int element);
}
