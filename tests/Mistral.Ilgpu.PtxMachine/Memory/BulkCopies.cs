namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Bulk copies of tiles to shared memory, <c>cp.async.bulk.tensor</c>. None arrives before all threads wait. Then they come one by
/// one, because hardware may take any time.
/// </summary>
/// <param name="isReversed">Whether the newest comes first.</param>
internal sealed unsafe class BulkCopies(GlobalMemory global, bool isReversed)
{
    private readonly List<Copy> _pending = [];

    public bool IsEmpty => _pending.Count == 0;

    public void StartGroup() => _pending.Clear();

    /// <summary>Begins a copy.</summary>
    /// <param name="thread">Of the group that gets it; −1 where another group's begins it.</param>
    /// <param name="warp">The thread's among those of the clocks.</param>
    public void Start(SharedMemory to, int thread, int warp, ulong address, TensorDescriptor tensor, int column, int row, ulong barrier)
    {
        int alignment = tensor.SwizzleBytes > 0 ? 128 : 16;
        if (address % (ulong)alignment != 0)
        {
            throw new PtxException($"misaligned: a bulk copy to {address}, expected multiples of {alignment}");
        }

        to.Barriers.RequireOffered(warp, (int)barrier);
        to.StartBulkCopy(thread, warp, address, tensor.BoxBytes);
        _pending.Add(new Copy(to, (int)address, tensor, column, row, (int)barrier));
    }

    /// <summary>Delivers one.</summary>
    /// <returns>Whether there was any.</returns>
    public bool Deliver()
    {
        if (_pending.Count == 0)
        {
            return false;
        }

        int index = isReversed ? _pending.Count - 1 : 0;
        var copy = _pending[index];
        _pending.RemoveAt(index);
        int bytes = copy.Tensor.BoxBytes;
        var (number, phase) = copy.To.Barriers.Complete(copy.Barrier, bytes);
        Fill(copy, copy.To.EndBulkCopy(copy.Address, bytes, number, phase));
        return true;
    }

    private void Fill(Copy copy, byte* start)
    {
        var tensor = copy.Tensor;
        int rowBytes = tensor.BoxColumns * TensorDescriptor.ElementBytes;
        for (int at = 0; at < tensor.BoxBytes; at += TensorDescriptor.ElementBytes)
        {
            long row = (long)copy.Row + (at / rowBytes);
            long column = (long)copy.Column + (at % rowBytes / TensorDescriptor.ElementBytes);
            bool isInside = row >= 0 && row < (long)tensor.Rows && column >= 0 && column < (long)tensor.Columns;
            ushort element = isInside
                ? *(ushort*)global.At(tensor.Address + ((ulong)row * tensor.Pitch) + ((ulong)column * TensorDescriptor.ElementBytes), TensorDescriptor.ElementBytes)
                : (ushort)0;
            *(ushort*)(start + (Swizzled(copy.Address + at, tensor.SwizzleBytes) - copy.Address)) = element;
        }
    }

    // Depends on the address alone, so that eight rows begin at a multiple of 1,024 bytes where a product is to find them.
    private static int Swizzled(int address, int rowBytes) =>
        rowBytes == 0 ? address : address ^ ((address >> 7 & ((rowBytes / 16) - 1)) << 4);

    private readonly record struct Copy(SharedMemory To, int Address, TensorDescriptor Tensor, int Column, int Row, int Barrier);
}
