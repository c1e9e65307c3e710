namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// A warp's 16 rows of a product's first factor, 16 deep, in four registers of each lane. Products read them until they have ended:
/// nothing may write them from the <c>wgmma.fence</c> before the product on.
/// </summary>
internal sealed class FactorRegisters
{
    private const int Count = 4;

    private readonly Warp _warp;
    private readonly Instruction _instruction;
    private readonly uint[] _values;

    /// <param name="fenced">All registers of the warp's lanes at the fence.</param>
    public FactorRegisters(Warp warp, Instruction instruction, ReadOnlySpan<ulong> fenced)
    {
        (_warp, _instruction) = (warp, instruction);
        _values = new uint[Warp.Size * Count];
        int slots = fenced.Length / Warp.Size;
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            for (int index = 0; index < Count; index++)
            {
                int slot = instruction.Operands[instruction.Counts[0] + index];
                _values[(lane * Count) + index] = Slot.As<uint>(ref warp.Registers(lane), slot);
                if ((uint)fenced[(lane * slots) + slot] != _values[(lane * Count) + index])
                {
                    throw new PtxException($"lane {lane} wrote register {index} of the first factor after the wgmma.fence");
                }
            }
        }
    }

    /// <exception cref="PtxException">A register is not what it was.</exception>
    public void RequireUnchanged()
    {
        for (int i = 0; i < _values.Length; i++)
        {
            int slot = _instruction.Operands[_instruction.Counts[0] + (i % Count)];
            if (Slot.As<uint>(ref _warp.Registers(i / Count), slot) != _values[i])
            {
                throw new PtxException($"lane {i / Count} wrote register {i % Count} of the first factor of '{_instruction}' before the products had ended");
            }
        }
    }

    /// <summary>Rows × depth, decoded.</summary>
    public void CopyTo(double[,] matrix, Func<ushort, float> decode)
    {
        for (int i = 0; i < _values.Length; i++)
        {
            var (lane, index) = (i / Count, i % Count);
            int row = (lane / 4) + (8 * (index % 2));
            int k = (2 * (lane % 4)) + (8 * (index / 2));
            matrix[row, k] = decode((ushort)_values[i]);
            matrix[row, k + 1] = decode((ushort)(_values[i] >> 16));
        }
    }
}
