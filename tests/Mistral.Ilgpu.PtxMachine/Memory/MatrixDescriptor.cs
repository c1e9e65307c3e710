namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Where a matrix of 16-bit elements that <c>wgmma</c> multiplies lies in shared memory, k by k along its rows (PTX ISA, matrix
/// descriptor). Its address is in bits 0 to 13. The bytes from eight columns to the next are in bits 16 to 29, those from eight
/// rows to the next in bits 32 to 45. All are in 16ths. Bits 62 and 63 say how pieces of 16 bytes change places, which depends on
/// their addresses alone.
/// </summary>
internal readonly record struct MatrixDescriptor
{
    private const int PieceBytes = 16;

    private readonly ulong _bits;

    /// <exception cref="PtxException">It says what is not modelled.</exception>
    public MatrixDescriptor(ulong bits)
    {
        _bits = bits;
        if ((bits >> 49 & 7) != 0)
        {
            throw new PtxException($"matrix descriptor {bits:x}: a base offset is not modelled");
        }
    }

    /// <summary>Where eight neighbouring elements of a row are.</summary>
    /// <param name="piece">Which eight.</param>
    public ulong Address(int row, int piece)
    {
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

    private static ulong Swizzled(ulong address, ulong mask) => address ^ ((address >> 7 & mask) << 4);

    private ulong Field(int shift) => (_bits >> shift & 0x3FFF) << 4;
}
