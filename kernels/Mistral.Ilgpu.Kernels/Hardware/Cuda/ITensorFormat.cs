namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>The 16-bit formats that tensor cores multiply; they add in float32.</summary>
public interface ITensorFormat
{
    /// <summary>Two numbers rounded to nearest, the lower half <paramref name="low"/>.</summary>
    static abstract uint Pair(float low, float high);

    /// <summary>
    /// sums += rows × columns, a whole warp's matrices of 16 × 16 and 16 × 8. Of the sums, 16 × 8, a thread has two neighbours at
    /// row lane / 4 and column 2 × (lane mod 4), and two 8 rows below.
    /// </summary>
    static abstract void MultiplyAdd(
        ref float sumA, ref float sumB, ref float sumC, ref float sumD,
        uint rowA, uint rowB, uint rowC, uint rowD, uint columnA, uint columnB);

    /// <summary>The warpgroup's sums += weights × tokens, matrices of 64 × 16 and 16 × 256 in shared memory; it only begins, see
    /// <see cref="WarpgroupSums"/>.</summary>
    /// <param name="weights">A 16th of the address of the first row's 16 columns.</param>
    /// <param name="tokens">Likewise.</param>
    static abstract void MultiplyAddTile(uint weights, uint tokens);

    /// <summary>The warpgroup's <see cref="WarpgroupScores"/> = queries × keys, matrices of 64 × 128 and 128 × 128 in shared
    /// memory; it only begins, see <see cref="AttentionProducts"/>.</summary>
    /// <param name="queries">A 16th of their address.</param>
    /// <param name="keys">Likewise.</param>
    static abstract void ScoreTile(uint queries, uint keys);

    /// <summary>Makes the warpgroup's weights of its scores.</summary>
    static abstract void RoundWeights();

    /// <summary>The warpgroup's <see cref="WarpgroupOutputs"/> += weights × values, matrices of 64 × 128 and 128 × 128; it only
    /// begins.</summary>
    /// <param name="values">A 16th of their address.</param>
    static abstract void AddValueTile(uint values);
}
