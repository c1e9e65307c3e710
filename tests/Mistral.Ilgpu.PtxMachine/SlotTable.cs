namespace Mistral.Ilgpu.PtxMachine;

/// <summary>The slots of a kernel by the names of its registers, arrays and parameters, as its scopes declare them, and by
/// constants.</summary>
internal sealed class SlotTable
{
    // Until all registers are declared, slots of special registers and of constants count from here.
    private const int Special = 1 << 20;
    private const int Constant = 1 << 21;

    // Reads as a number far off, as an address out of every range and, in floats, as a NaN.
    private const ulong Unwritten = 0x7FD5_BADD_FFD5_BADD;

    private static readonly int Specials = Enum.GetValues<SpecialRegister>().Length;

    private readonly Stack<Dictionary<string, int>> _scopes = new([[]]);
    private readonly List<ulong> _constants = [];
    private readonly Dictionary<ulong, int> _constantAt = [];
    private readonly List<int> _behindAll = [];
    private int _registers;

    /// <summary>The slot of the first special register, once all others are declared.</summary>
    public int SpecialAt => _registers;

    public void OpenScope() => _scopes.Push([]);

    public void CloseScope() => _scopes.Pop();

    public void DeclareRegister(string name) => _scopes.Peek()[name] = Unnamed();

    /// <summary>A register of no name, for results that are not used.</summary>
    public int Unnamed() => _registers++;

    public void DeclareAddress(string name, int address) => _scopes.Peek()[name] = Of((ulong)address);

    /// <summary>An array behind all shared memory of known size.</summary>
    public void DeclareBehindAll(string name)
    {
        _behindAll.Add(_constants.Count);
        _scopes.Peek()[name] = Constant + _constants.Count;
        _constants.Add(0);
    }

    /// <summary>The slot of a constant.</summary>
    public int Of(ulong bits)
    {
        if (!_constantAt.TryGetValue(bits, out int index))
        {
            index = _constantAt[bits] = _constants.Count;
            _constants.Add(bits);
        }

        return Constant + index;
    }

    /// <summary>The slot of a name, that of the innermost scope that has it.</summary>
    public int Of(string name)
    {
        foreach (var scope in _scopes)
        {
            if (scope.TryGetValue(name, out int slot))
            {
                return slot;
            }
        }

        return name switch
        {
            "%tid.x" => Of(SpecialRegister.ThreadX),
            "%tid.y" => Of(SpecialRegister.ThreadY),
            "%tid.z" => Of(SpecialRegister.ThreadZ),
            "%ntid.x" => Of(SpecialRegister.GroupSizeX),
            "%ntid.y" => Of(SpecialRegister.GroupSizeY),
            "%ntid.z" => Of(SpecialRegister.GroupSizeZ),
            "%ctaid.x" => Of(SpecialRegister.GroupX),
            "%ctaid.y" => Of(SpecialRegister.GroupY),
            "%ctaid.z" => Of(SpecialRegister.GroupZ),
            "%nctaid.x" => Of(SpecialRegister.GridX),
            "%nctaid.y" => Of(SpecialRegister.GridY),
            "%nctaid.z" => Of(SpecialRegister.GridZ),
            "%laneid" => Of(SpecialRegister.Lane),
            "%warpid" => Of(SpecialRegister.Warp),
            "%cluster_ctarank" => Of(SpecialRegister.ClusterRank),
            "%cluster_nctarank" => Of(SpecialRegister.ClusterSize),
            "%dynamic_smem_size" => Of(SpecialRegister.DynamicSharedBytes),
            "WARP_SZ" => Of(Warp.Size),
            _ => throw new PtxException($"unknown name '{name}'"),
        };
    }

    /// <summary>Where a slot lies in the finished layout: registers, then special registers, then constants.</summary>
    public int Place(int slot) => slot switch
    {
        >= Constant => slot - Constant + Specials + _registers,
        >= Special => slot - Special + _registers,
        _ => slot,
    };

    /// <summary>What the slots hold when a thread starts.</summary>
    /// <param name="end">The end of all shared memory of known size.</param>
    public ulong[] Contents(int end)
    {
        _behindAll.ForEach(index => _constants[index] = (ulong)end);
        return [.. Enumerable.Repeat(Unwritten, _registers), .. new ulong[Specials], .. _constants];
    }

    private static int Of(SpecialRegister register) => Special + (int)register;
}
