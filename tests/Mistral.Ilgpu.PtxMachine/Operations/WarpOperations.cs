using System.Numerics;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Instructions in which the lanes of a warp meet.</summary>
internal static class WarpOperations
{
    /// <summary>The operation, and where the mask of its lanes is among the operands, −1 where all must come.</summary>
    public static (WarpOperation Meet, int MembersAt)? Find(string[] parts, int[] counts) => parts switch
    {
        ["bar", "arrive"] => (Arrive, -1),
        ["bar", "warp", "sync"] => ((warp, _, _) => warp.Barrier(), 0),
        ["shfl", "sync", var mode, "b32"] when Source(mode) is { } source => (Shuffle(source, counts[0] == 2), counts.Sum() - 1),
        ["vote", "sync", "ballot", "b32"] => (Vote((votes, _) => votes), 2),
        ["vote", "sync", "all", "pred"] => (Vote((votes, lanes) => votes == lanes ? 1U : 0), 2),
        ["vote", "sync", "any", "pred"] => (Vote((votes, _) => votes != 0 ? 1U : 0), 2),
        ["redux", "sync", "add", "s32" or "u32"] => (Reduce((a, b) => a + b), 2),
        ["redux", "sync", "max", "s32"] => (Reduce((a, b) => (uint)Math.Max((int)a, (int)b)), 2),
        ["redux", "sync", "min", "s32"] => (Reduce((a, b) => (uint)Math.Min((int)a, (int)b)), 2),
        ["mma", ..] => TensorOperations.FindProduct(parts, counts) is { } product ? (product, -1) : null,
        ["wgmma", ..] => WarpgroupOperations.Find(parts, counts) is { } operation ? (operation, -1) : null,
        ["setmaxnreg", var change, "sync", "aligned", "u32"] => (BulkInstructions.ChangeRegisters(change), -1),
        ["ldmatrix", ..] => TensorOperations.FindLoad(parts, counts) is { } load ? (load, -1) : null,
        _ => null,
    };

    // The same barrier of all lanes.
    private static void Arrive(Warp warp, uint lanes, Instruction i)
    {
        ref ulong r = ref warp.Registers(0);
        foreach (int lane in Each(lanes))
        {
            if (Slot.As<uint>(ref warp.Registers(lane), i.D) != Slot.As<uint>(ref r, i.D)
                || Slot.As<uint>(ref warp.Registers(lane), i.A) != Slot.As<uint>(ref r, i.A))
            {
                throw new PtxException($"the barrier of lane {lane} is another than lane 0's");
            }
        }

        warp.Arrivals.Add(warp, Slot.As<uint>(ref r, i.D), Slot.As<int>(ref r, i.A));
    }

    private delegate (int From, bool IsInRange) SourceLane(int lane, int b, int clamp, int segment);

    // Clamp and segment as PTX packs them into one operand.
    private static SourceLane? Source(string mode) => mode switch
    {
        "up" => (lane, b, clamp, segment) => (lane - b, lane - b >= Last(lane, clamp, segment)),
        "down" => (lane, b, clamp, segment) => (lane + b, lane + b <= Last(lane, clamp, segment)),
        "bfly" => (lane, b, clamp, segment) => (lane ^ b, (lane ^ b) <= Last(lane, clamp, segment)),
        "idx" => (lane, b, clamp, segment) =>
        {
            int from = (lane & segment) | (b & ~segment);
            return (from, from <= Last(lane, clamp, segment));
        },
        _ => null,
    };

    private static int Last(int lane, int clamp, int segment) => (lane & segment) | (clamp & ~segment & 31);

    private static WarpOperation Shuffle(SourceLane source, bool hasPredicate) => (warp, lanes, i) =>
    {
        int at = hasPredicate ? 2 : 1;
        Span<uint> values = stackalloc uint[Warp.Size];
        // What an absent lane gives is undefined.
        values.Fill(uint.MaxValue);
        foreach (int lane in Each(lanes))
        {
            values[lane] = Slot.As<uint>(ref warp.Registers(lane), i.Operands[at]);
        }

        foreach (int lane in Each(lanes))
        {
            ref ulong r = ref warp.Registers(lane);
            int c = (int)Slot.As<uint>(ref r, i.Operands[at + 2]);
            var (from, isInRange) = source(lane, (int)Slot.As<uint>(ref r, i.Operands[at + 1]) & 31, c & 31, (c >> 8) & 31);
            Slot.Set(ref r, i.D, values[isInRange ? from : lane]);
            if (hasPredicate)
            {
                Slot.Set(ref r, i.A, isInRange);
            }
        }
    };

    private static WarpOperation Vote(Func<uint, uint, uint> result) => (warp, lanes, i) =>
    {
        uint votes = 0;
        foreach (int lane in Each(lanes))
        {
            votes |= Slot.As<bool>(ref warp.Registers(lane), i.A) ? 1U << lane : 0;
        }

        foreach (int lane in Each(lanes))
        {
            Slot.Set(ref warp.Registers(lane), i.D, result(votes, lanes));
        }
    };

    private static WarpOperation Reduce(Func<uint, uint, uint> join) => (warp, lanes, i) =>
    {
        uint result = Each(lanes).Select(lane => Slot.As<uint>(ref warp.Registers(lane), i.A)).Aggregate(join);
        foreach (int lane in Each(lanes))
        {
            Slot.Set(ref warp.Registers(lane), i.D, result);
        }
    };

    private static IEnumerable<int> Each(uint lanes)
    {
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            yield return BitOperations.TrailingZeroCount(rest);
        }
    }
}
