namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// What a lane keeps in registers of the heads that a warp attends for: its part of the queries and of the outputs. Heads lie in
/// the upper eight rows of the queries' matrix and in the eight columns of the outputs', see <see cref="QuantRun"/>.
/// </summary>
public interface IQuantHead
{
    /// <summary>Runs of a head, see <see cref="TileLayout.Run"/>.</summary>
    static abstract int Runs { get; }

    /// <summary>Takes the queries, and clears the outputs.</summary>
    /// <param name="queries">Where the lane's part of the first run is, see <see cref="QuantTurn{THead}"/>.</param>
    /// <param name="scales">Where the scale of the head's first run is.</param>
    void Begin(uint queries, uint scales);

    /// <summary>Adds the products of queries and 16 keys to their scores.</summary>
    /// <param name="keys">Where the lane finds the keys of its element of the first run.</param>
    /// <param name="scales">Where it finds the scales of its four keys' first run.</param>
    void Score(ref QuantScores scores, uint keys, uint scales);

    /// <summary>Multiplies the outputs of the lane's two heads.</summary>
    void Scale(float first, float second);

    /// <summary>outputs += weights × values, of 16 positions.</summary>
    /// <param name="even">Weights of the first and third of the lane's four positions.</param>
    /// <param name="odd">Of the second and fourth.</param>
    /// <param name="values">The lane's 16 bytes of the row of values that is the lane's to name.</param>
    /// <param name="scales">Where it finds the scales of the first of its four positions.</param>
    /// <param name="scaleBytes">From a position's scales to the next one's.</param>
    void Add(uint even, uint odd, uint values, uint scales, uint scaleBytes);

    /// <summary>Leaves the outputs in shared memory, multiplied.</summary>
    /// <param name="first">Where the lane's two elements of its first head go.</param>
    /// <param name="second">Where those of its second head go.</param>
    void Save(uint first, uint second, float firstFactor, float secondFactor);
}
