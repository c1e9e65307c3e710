namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Where a matrix of 16-bit elements that <c>wgmma</c> multiplies lies in shared memory, k by k along its rows, or transposed (PTX
/// ISA, matrix descriptor). Its address is in bits 0 to 13. The bytes from eight columns to the next are in bits 16 to 29, those
/// from eight rows to the next in bits 32 to 45. All are in 16ths. Bits 62 and 63 say how pieces of 16 bytes change places, which
/// depends on their addresses alone. Of a transposed matrix the elements of one k are neighbours, as many as the pattern is wide.
/// Bits 16 to 29 lead to as many more, and bits 32 to 45 to the next eight k; without a pattern it is the other way round.
/// </summary>
internal readonly record struct MatrixDescriptor
{
    private const int PieceBytes = 16;

    private readonly ulong _bits;

    /// <exception cref="PtxException">It says what is not modelled.</exception>
    public MatrixDescriptor(ulong bits, bool isTransposed = false)
    {
        (_bits, IsTransposed) = (bits, isTransposed);
        if ((bits >> 49 & 7) != 0)
        {
            throw new PtxException($"matrix descriptor {bits:x}: a base offset is not modelled");
        }
    }

    /// <summary>Whether elements of one k are neighbours, and not those of one row.</summary>
    public bool IsTransposed { get; }

    /// <summary>Where eight neighbouring elements are.</summary>
    /// <param name="row">A row, or a k of a transposed matrix.</param>
    /// <param name="piece">Which eight of it.</param>
    public ulong Address(int row, int piece)
    {
        if (IsTransposed)
        {
            return TransposedAddress(row, piece);
        }

        ulong eightRows = Field(32) * (ulong)(row / 8);
        ulong within = (ulong)(row % 8);
        ulong address = Field(0) + eightRows;
        // With pieces in turn, eight rows of a piece lie together. Otherwise eight rows lie one after the other, as long as the
        // pattern is wide.
        return (_bits >> 62) switch
        {
            0 => address + (Field(16) * (ulong)piece) + (within * PieceBytes),
            1 => Swizzled(address + (within * 128) + (ulong)(piece * PieceBytes), 7),
            2 => Swizzled(address + (within * 64) + (ulong)(piece * PieceBytes), 3),
            _ => Swizzled(address + (within * 32) + (ulong)(piece * PieceBytes), 1),
        };
    }

    private ulong TransposedAddress(int k, int piece)
    {
        int mode = (int)(_bits >> 62);
        if (mode == 0)
        {
            return Field(0) + (Field(32) * (ulong)piece) + (Field(16) * (ulong)(k / 8)) + (ulong)(k % 8 * PieceBytes);
        }

        // Of 8, 4 or 2 pieces.
        int width = 16 >> mode;
        return Swizzled(
            Field(0) + (Field(16) * (ulong)(piece / width)) + (Field(32) * (ulong)(k / 8)) + (ulong)(((k % 8 * width) + (piece % width)) * PieceBytes),
            (ulong)width - 1);
    }

    private static ulong Swizzled(ulong address, ulong mask) => address ^ ((address >> 7 & mask) << 4);

    private ulong Field(int shift) => (_bits >> shift & 0x3FFF) << 4;
}
