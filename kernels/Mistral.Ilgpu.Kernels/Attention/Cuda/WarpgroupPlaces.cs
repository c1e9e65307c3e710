using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// The shared memory of <see cref="AttendWarpgroup{TFormat, TOutput}"/>. First are the queries of both warpgroups, then two
/// places for the keys of <see cref="WarpgroupScores.Keys"/> positions, then two for their values. A place of keys has a row of
/// 64 keys for each element of a head, and behind all rows those of the other 64 keys. A place of values has a row of 64
/// elements for each position, and the others behind. So both lie as in memory. Rows of 128 bytes have their pieces change
/// places as <see cref="RowsOf128Bytes"/> says.
/// </summary>
internal static class WarpgroupPlaces
{
    /// <summary>Bytes of a warpgroup's queries: 64 elements of each, and behind all of them the others.</summary>
    public const int QueryBytes = WarpgroupSums.Rows * WarpgroupOutputs.Elements * sizeof(ushort);

    /// <summary>Bytes of a place.</summary>
    public const int PlaceBytes = WarpgroupScores.Keys * WarpgroupOutputs.Elements * sizeof(ushort);

    /// <summary>Bytes to a place's second rows.</summary>
    public const int HalfBytes = PlaceBytes / 2;

    // What the swizzle counts from.
    private const int Alignment = 1024;

    /// <summary>What a launch gives each group.</summary>
    public const int Bytes = (2 * QueryBytes) + (4 * PlaceBytes) + Alignment;

    /// <summary>Where a warpgroup's queries lie.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint QueriesAt(uint memory, int warpgroup) => memory + (uint)(warpgroup * QueryBytes);

    /// <summary>Where the keys of a place lie.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint KeysAt(uint memory, int place) => memory + (2 * QueryBytes) + (uint)(place * PlaceBytes);

    /// <summary>Where the values of a place lie.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ValuesAt(uint memory, int place) =>
        memory + (2 * QueryBytes) + (2 * PlaceBytes) + (uint)(place * PlaceBytes);
}
