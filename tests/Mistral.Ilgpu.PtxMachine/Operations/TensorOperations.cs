using static Mistral.Ilgpu.PtxMachine.PackedIntegers;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Matrix products of a warp and the loads that feed them. Fragments are laid out as the PTX ISA's figures for <c>mma</c> and
/// <c>ldmatrix</c> have them. Float products are summed exactly and rounded once; hardware sums in an order of its own and may
/// cut bits off.
/// </summary>
/// <remarks> Lane l belongs to group g = l / 4 and is thread t = l mod 4 in it. A register of A or B holds p neighbouring
/// elements along k: two halves or four bytes. A: rows g and g + 8 in turn, columns p·t…, then again p·4 columns on. B: rows
/// p·t…, then p·4 rows on, column g. C and D: row g, columns 2t and 2t + 1; then row g + 8. </remarks>
internal static class TensorOperations
{
    private const int Rows = 16;
    private const int Columns = 8;

    public static WarpOperation? FindProduct(string[] parts, int[] counts) => parts switch
    {
        ["mma", "sync", "aligned", "m16n8k8", "row", "col", "f32", "f16", "f16", "f32"] => Floats(1, Conversions.DecodeHalf, counts),
        ["mma", "sync", "aligned", "m16n8k8", "row", "col", "f32", "bf16", "bf16", "f32"] => Floats(1, Conversions.DecodeBFloat16, counts),
        ["mma", "sync", "aligned", "m16n8k16", "row", "col", "f32", "f16", "f16", "f32"] => Floats(2, Conversions.DecodeHalf, counts),
        ["mma", "sync", "aligned", "m16n8k16", "row", "col", "f32", "bf16", "bf16", "f32"] => Floats(2, Conversions.DecodeBFloat16, counts),
        ["mma", "sync", "aligned", "m16n8k16", "row", "col", "s32", ("s8" or "u8") and var a, ("s8" or "u8") and var b, "s32"] =>
            Integers(1, a == "s8", b == "s8", counts),
        ["mma", "sync", "aligned", "m16n8k32", "row", "col", "s32", ("s8" or "u8") and var a, ("s8" or "u8") and var b, "s32"] =>
            Integers(2, a == "s8", b == "s8", counts),
        _ => null,
    };

    /// <summary><c>ldmatrix</c>: lanes 8i … 8i + 7 give the rows of matrix i, eight halves each; lane l gets halves 2t and 2t + 1
    /// of row g.</summary>
    public static WarpOperation? FindLoad(string[] parts, int[] counts)
    {
        bool isTransposed = parts.Contains("trans");
        int matrices = parts.Length > 4 ? parts[4] switch { "x1" => 1, "x2" => 2, "x4" => 4, _ => 0 } : 0;
        string[] expected =
            ["ldmatrix", "sync", "aligned", "m8n8", $"x{matrices}", .. isTransposed ? new[] { "trans" } : [], parts.Contains("shared::cta") ? "shared::cta" : "shared", "b16"];
        return matrices > 0 && parts.SequenceEqual(expected) && counts[0] == matrices
            ? (warp, _, instruction) => LoadMatrices(warp, instruction, matrices, isTransposed)
            : null;
    }

    private static WarpOperation? Floats(int halves, Func<ushort, float> decode, int[] counts) =>
        counts.SequenceEqual([4, 2 * halves, halves, 4])
            ? (warp, _, i) =>
            {
                int depth = 8 * halves;
                var (a, b) = Fragments(warp, i, halves, 2, (bits, index) => (double)decode((ushort)(bits >> (16 * index))));
                Multiply(warp, i, halves, (row, column, c) =>
                {
                    double sum = BitConverter.UInt32BitsToSingle(c);
                    for (int k = 0; k < depth; k++)
                    {
                        sum += a[row, k] * b[k, column];
                    }

                    return BitConverter.SingleToUInt32Bits((float)sum);
                });
            }
            : null;

    private static WarpOperation? Integers(int halves, bool isSignedA, bool isSignedB, int[] counts) =>
        counts.SequenceEqual([4, 2 * halves, halves, 4])
            ? (warp, _, i) =>
            {
                int depth = 16 * halves;
                var (a, _) = Fragments(warp, i, halves, 4, (bits, index) => Byte(bits, index, isSignedA));
                var (_, b) = Fragments(warp, i, halves, 4, (bits, index) => Byte(bits, index, isSignedB));
                Multiply(warp, i, halves, (row, column, c) =>
                {
                    int sum = (int)c;
                    for (int k = 0; k < depth; k++)
                    {
                        sum += a[row, k] * b[k, column];
                    }

                    return (uint)sum;
                });
            }
            : null;

    private static (T[,] A, T[,] B) Fragments<T>(Warp warp, Instruction i, int halves, int perRegister, Func<uint, int, T> decode)
    {
        RequireWhole(warp);
        int depth = halves * 4 * perRegister;
        var a = new T[Rows, depth];
        var b = new T[depth, Columns];
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            ref ulong r = ref warp.Registers(lane);
            var (g, t) = (lane / 4, lane % 4);
            for (int half = 0; half < halves; half++)
            {
                for (int element = 0; element < perRegister; element++)
                {
                    int k = (half * 4 * perRegister) + (t * perRegister) + element;
                    a[g, k] = decode(Slot.As<uint>(ref r, i.Operands[4 + (2 * half)]), element);
                    a[g + 8, k] = decode(Slot.As<uint>(ref r, i.Operands[4 + (2 * half) + 1]), element);
                    b[k, g] = decode(Slot.As<uint>(ref r, i.Operands[4 + (2 * halves) + half]), element);
                }
            }
        }

        return (a, b);
    }

    private static void Multiply(Warp warp, Instruction i, int halves, Func<int, int, uint, uint> element)
    {
        int c = 4 + (3 * halves);
        Span<uint> results = stackalloc uint[4];
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            ref ulong r = ref warp.Registers(lane);
            for (int index = 0; index < 4; index++)
            {
                int row = (lane / 4) + (8 * (index / 2));
                int column = (2 * (lane % 4)) + (index % 2);
                results[index] = element(row, column, Slot.As<uint>(ref r, i.Operands[c + index]));
            }

            for (int index = 0; index < 4; index++)
            {
                Slot.Set(ref r, i.Operands[index], results[index]);
            }
        }
    }

    private static unsafe void LoadMatrices(Warp warp, Instruction i, int matrices, bool isTransposed)
    {
        RequireWhole(warp);
        // Results may take the place of addresses.
        Span<ulong> addresses = stackalloc ulong[Warp.Size];
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            addresses[lane] = Slot.As<ulong>(ref warp.Registers(lane), i.Operands[matrices]) + (ulong)i.Offset;
        }

        Span<ushort> halves = stackalloc ushort[64];
        for (int matrix = 0; matrix < matrices; matrix++)
        {
            for (int row = 0; row < 8; row++)
            {
                int lane = (8 * matrix) + row;
                if (addresses[lane] % 16 != 0)
                {
                    throw new PtxException($"misaligned: row {row} of matrix {matrix} at {addresses[lane]}");
                }

                new Span<ushort>(warp.Shared.Read(warp.FirstThread + lane, addresses[lane], 16), 8).CopyTo(halves[(8 * row)..]);
            }

            for (int lane = 0; lane < Warp.Size; lane++)
            {
                var (g, t) = (lane / 4, lane % 4);
                var (first, second) = isTransposed
                    ? (halves[(16 * t) + g], halves[(16 * t) + 8 + g])
                    : (halves[(8 * g) + (2 * t)], halves[(8 * g) + (2 * t) + 1]);
                Slot.Set(ref warp.Registers(lane), i.Operands[matrix], first | ((uint)second << 16));
            }
        }
    }

    private static void RequireWhole(Warp warp)
    {
        if (warp.Lanes != Warp.Size)
        {
            throw new PtxException($"a warp of {warp.Lanes} threads where all 32 are needed");
        }
    }
}
