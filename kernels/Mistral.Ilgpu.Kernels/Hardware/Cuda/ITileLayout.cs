namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>How rows of a tile of 16-bit numbers lie in shared memory, in pieces of 16 bytes.</summary>
public interface ITileLayout
{
    /// <summary>A row has 2 to that many pieces.</summary>
    static abstract int PieceBits { get; }

    /// <summary>Where a piece of a row lies in its tile. Rows that are a multiple of eight apart have their pieces in the same
    /// order.</summary>
    static abstract uint At(int row, int piece);
}
