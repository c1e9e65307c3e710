using System.Globalization;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// Finds out which of a kernel's views each load reads. The address of a view is an argument of the kernel, and what is
/// computed of an address is an address of the same view. What is loaded is none. So each register has a set of views, which
/// is followed through the program.
/// </summary>
internal sealed partial class AmdLoads
{
    // Bits of a set: a view each, and the one for the address of the arguments themselves.
    private const ulong Arguments = 1UL << 63;

    private readonly int _views;
    private readonly int _waveSize;

    private AmdLoads(int views, int waveSize)
    {
        _views = views;
        _waveSize = waveSize;
    }

    /// <param name="views">Views of the kernel: its first arguments, eight bytes each.</param>
    public static IReadOnlyList<AmdLoad> Of(AmdAssembly code, int views, int waveSize)
    {
        var loads = new AmdLoads(views, waveSize);
        var first = new Origins();
        first[AmdRegisters.Scalar(code.ArgumentsAt)] = Arguments;
        first[AmdRegisters.Scalar(code.ArgumentsAt + 1)] = Arguments;
        var before = code.Flow(
            first, new Origins(), (origins, block) => loads.Pass(origins, block, null), (a, b) => a.Join(b));
        var found = new List<AmdLoad>();
        for (int i = 0; i < before.Length; i++)
        {
            loads.Pass(before[i], code.Blocks[i], found);
        }

        return found;
    }

    private Origins Pass(Origins before, AmdBlock block, List<AmdLoad>? found)
    {
        var origins = before.Copy();
        foreach (var instruction in block.Instructions)
        {
            if (ScalarLoad().IsMatch(instruction.Name))
            {
                LoadScalars(origins, instruction, block, found);
            }
            else if (instruction.LoadedBytes > 0)
            {
                // The address is all but what is written; where that is local memory, the address is all.
                bool isToLocal = instruction.Name.Contains("_lds_", StringComparison.Ordinal);
                found?.Add(new AmdLoad(
                    block, instruction.LoadedBytes * _waveSize, origins.Of(instruction.OperandList.Skip(isToLocal ? 0 : 1))));
                origins.Set(isToLocal ? [] : instruction.OperandList.Take(1), 0);
            }
            else if (!WritesNothing().IsMatch(instruction.Name))
            {
                Compute(origins, instruction);
            }
        }

        return origins;
    }

    // Arguments, or what all lanes read of a view.
    private void LoadScalars(Origins origins, AmdInstruction instruction, AmdBlock block, List<AmdLoad>? found)
    {
        var operands = instruction.OperandList;
        ulong address = origins.Of([operands[1]]);
        int[] written = [.. AmdRegisters.In(operands[0])];
        if (address != Arguments)
        {
            found?.Add(new AmdLoad(block, sizeof(int) * written.Length, address));
        }

        int offset = address == Arguments ? OffsetOf(operands[2]) : int.MaxValue;
        for (int i = 0; i < written.Length; i++)
        {
            long view = ((long)offset + (sizeof(int) * i)) / sizeof(long);
            origins[written[i]] = view < _views ? 1UL << (int)view : 0;
        }
    }

    private static void Compute(Origins origins, AmdInstruction instruction)
    {
        // Two that are issued together read their operands before either writes.
        string[] halves = $"{instruction.Name} {instruction.Operands}".Split(" :: ");
        var written = halves.Select(half =>
        {
            string[] parts = half.Split(' ', 2);
            var operands = new AmdInstruction(parts[0], parts[1]).OperandList;
            bool isMove = parts[0].StartsWith("s_mov_b", StringComparison.Ordinal);
            bool hasCarry = WritesCarry().IsMatch(parts[0]);
            // What the carry's register held before is no operand.
            int results = Keeps().IsMatch(parts[0]) ? 0 : hasCarry ? 2 : 1;
            ulong views = Compares().IsMatch(parts[0]) ? 0 : origins.Of(operands.Skip(results));
            return (Operands: operands, Views: isMove ? views : views & ~Arguments, HasCarry: hasCarry);
        }).ToList();
        foreach (var (operands, views, hasCarry) in written)
        {
            origins.Set(operands.Take(1), views);
            origins.Set(hasCarry ? operands.Skip(1).Take(1) : [], 0);
        }
    }

    // A register adds to it what is not known here, which is never where views are.
    private static int OffsetOf(string operand) =>
        operand.StartsWith("0x", StringComparison.Ordinal)
            && int.TryParse(operand.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int hex) ? hex
        : int.TryParse(operand, NumberStyles.None, CultureInfo.InvariantCulture, out int offset) ? offset : int.MaxValue;

    [GeneratedRegex("^s_(buffer_)?load_")]
    private static partial Regex ScalarLoad();

    [GeneratedRegex("^(s_(cmp|bitcmp|c?branch|endpgm|nop|wait|barrier|delay|clause|sendmsg|setreg|sleep|setprio|dcache|inst_pref"
        + "|icache)|v_cmpx|v_nop|(global|flat|scratch)_(store|atomic|wb|inv)|buffer_|ds_(store|write|add|nop))")]
    private static partial Regex WritesNothing();

    [GeneratedRegex("^(v_cmp|ds_(load|read))")]
    private static partial Regex Compares();

    // The result is an operand too.
    [GeneratedRegex("^(s_cmov|v_writelane|v_fmac|v_dual_fmac|v_pk_fmac|v_dot[248]c)")]
    private static partial Regex Keeps();

    [GeneratedRegex("^v_((add|sub|subrev|addc|subb|subbrev)_co_|mad_(co_)?[ui]64|div_scale)")]
    private static partial Regex WritesCarry();

    /// <summary>The views that each register's value may be an address of.</summary>
    private sealed class Origins : IEquatable<Origins>
    {
        private readonly ulong[] _views = new ulong[AmdRegisters.Count];

        public ulong this[int register]
        {
            get => _views[register];
            set => _views[register] = value;
        }

        public ulong Of(IEnumerable<string> operands) =>
            operands.SelectMany(AmdRegisters.In).Aggregate(0UL, (views, register) => views | _views[register]);

        public void Set(IEnumerable<string> operands, ulong views)
        {
            foreach (int register in operands.SelectMany(AmdRegisters.In))
            {
                _views[register] = views;
            }
        }

        public Origins Copy()
        {
            var copy = new Origins();
            _views.CopyTo(copy._views, 0);
            return copy;
        }

        public Origins Join(Origins other)
        {
            var joined = Copy();
            for (int i = 0; i < _views.Length; i++)
            {
                joined._views[i] |= other._views[i];
            }

            return joined;
        }

        public bool Equals(Origins? other) => other is not null && _views.AsSpan().SequenceEqual(other._views);

        public override bool Equals(object? other) => Equals(other as Origins);

        public override int GetHashCode() => _views.Aggregate(0, HashCode.Combine);
    }
}
