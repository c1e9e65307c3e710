using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// What a team keeps in registers of its two heads from tile to tile: the largest scores, each lane's share of the sums of the
/// weights, and the lane's outputs.
/// </summary>
internal struct TeamState
{
    public float FirstMax, SecondMax, FirstSum, SecondSum;

    /// <summary>Eight elements, and the eight that lie <see cref="Team.Lanes"/> times as far, for each of the heads.</summary>
    public Eight First, FirstFar, Second, SecondFar;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(float first, float second)
    {
        First *= first;
        FirstFar *= first;
        Second *= second;
        SecondFar *= second;
    }
}
