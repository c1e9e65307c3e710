using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// A matrix of 16-bit elements in global memory, of which bulk copies bring boxes to shared memory: what is in the 128 opaque
/// bytes of a <c>CUtensorMap</c>. The layout is this machine's own.
/// </summary>
/// <param name="Pitch">Bytes from a row to the next.</param>
/// <param name="SwizzleBytes">Rows within which pieces of 16 bytes change places: 128, 64, 32, or 0.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct TensorDescriptor(
    ulong Address, ulong Columns, ulong Rows, ulong Pitch, int BoxColumns, int BoxRows, int SwizzleBytes)
{
    public const int Bytes = 128;

    public const int ElementBytes = sizeof(ushort);

    private const ulong Magic = 0x70A5_0C0D_E0F7_E450;
    private const int Alignment = 64;

    /// <summary>Bytes of a box in shared memory, those in place of what is outside of the matrix included.</summary>
    public int BoxBytes => BoxColumns * BoxRows * ElementBytes;

    public void Write(Span<byte> map)
    {
        map[..Bytes].Clear();
        MemoryMarshal.Write(map, Magic);
        MemoryMarshal.Write(map[sizeof(ulong)..], this);
        MemoryMarshal.Write(map[(Bytes - sizeof(int))..], GetHashCode());
    }

    /// <exception cref="PtxException">There is none.</exception>
    internal static unsafe TensorDescriptor Read(GlobalMemory memory, ulong address)
    {
        if (address % Alignment != 0)
        {
            throw new PtxException($"misaligned: a tensor map at {address:x}, expected multiples of {Alignment}");
        }

        var map = new ReadOnlySpan<byte>(memory.At(address, Bytes), Bytes);
        var found = MemoryMarshal.Read<TensorDescriptor>(map[sizeof(ulong)..]);
        return MemoryMarshal.Read<ulong>(map) == Magic && MemoryMarshal.Read<int>(map[(Bytes - sizeof(int))..]) == found.GetHashCode()
            ? found : throw new PtxException($"no tensor map is at {address:x}");
    }
}
