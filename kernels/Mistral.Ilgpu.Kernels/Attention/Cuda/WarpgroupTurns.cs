using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// How the warps of <see cref="AttendWarpgroup{TFormat, TOutput}"/> wait for one another, by <see cref="NamedBarrier"/>s. The
/// warpgroup that copies gives keys and values to each of the others by itself, so that one may be ahead of the other. It waits
/// until both have left those before the last, whose place the next ones take. The two begin products in turns: 0, 1, 0, 1 and
/// so on.
/// </summary>
internal static class WarpgroupTurns
{
    // Numbers of barriers: of keys and of values two places × two warpgroups, then two places each, then a turn each.
    private const int KeysGiven = 1;
    private const int ValuesGiven = 5;
    private const int KeysLeft = 9;
    private const int ValuesLeft = 11;
    private const int Turn = 13;

    private const int Two = 2 * WarpgroupSums.GroupSize;
    private const int All = 3 * WarpgroupSums.GroupSize;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void GiveKeys(int place) => Give(KeysGiven + (2 * place));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void GiveValues(int place) => Give(ValuesGiven + (2 * place));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AwaitKeys(int place, int warpgroup) => NamedBarrier.Wait(KeysGiven + (2 * place) + warpgroup, Two);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AwaitValues(int place, int warpgroup) => NamedBarrier.Wait(ValuesGiven + (2 * place) + warpgroup, Two);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LeaveKeys(int place) => NamedBarrier.Arrive(KeysLeft + place, All);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LeaveValues(int place) => NamedBarrier.Arrive(ValuesLeft + place, All);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AwaitKeysLeft(int place) => NamedBarrier.Wait(KeysLeft + place, All);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AwaitValuesLeft(int place) => NamedBarrier.Wait(ValuesLeft + place, All);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AwaitTurn(int warpgroup) => NamedBarrier.Wait(Turn + warpgroup, Two);

    /// <summary>Lets the other warpgroup begin its products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PassTurn(int warpgroup) => NamedBarrier.Arrive(Turn + 1 - warpgroup, Two);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Give(int barrier)
    {
        NamedBarrier.Arrive(barrier, Two);
        NamedBarrier.Arrive(barrier + 1, Two);
    }
}
