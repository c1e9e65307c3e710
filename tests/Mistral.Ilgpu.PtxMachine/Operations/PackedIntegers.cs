namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Dot products of four packed bytes or of two packed halves of a register.</summary>
internal static class PackedIntegers
{
    public static void AddTo(Dictionary<string, RegisterOperation> table)
    {
        foreach (bool isSignedA in new[] { false, true })
        {
            foreach (bool isSignedB in new[] { false, true })
            {
                string types = $"{(isSignedA ? "s32" : "u32")}.{(isSignedB ? "s32" : "u32")}";
                table[$"dp4a.{types}"] = Lift.Ternary<uint, uint>((a, b, sum) => Dot(a, b, sum, isSignedA, isSignedB));
            }
        }
    }

    /// <summary>The byte at an index, with its sign where it has one.</summary>
    public static int Byte(uint packed, int index, bool isSigned)
    {
        byte value = (byte)(packed >> (8 * index));
        return isSigned ? (sbyte)value : value;
    }

    private static uint Dot(uint a, uint b, uint sum, bool isSignedA, bool isSignedB)
    {
        for (int i = 0; i < 4; i++)
        {
            sum += (uint)(Byte(a, i, isSignedA) * Byte(b, i, isSignedB));
        }

        return sum;
    }
}
