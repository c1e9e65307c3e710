using System.Globalization;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Instructions and their operands.</summary>
internal sealed partial class PtxParser
{
    private Instruction ReadInstruction()
    {
        int start = _tokens.Position;
        int guard = -1;
        bool isNegated = false;
        if (_tokens.TryTake("@"))
        {
            isNegated = _tokens.TryTake("!");
            guard = _slots.Of(_tokens.Take());
        }

        string mnemonic = _tokens.Take();
        if (InstructionTargets.Of(mnemonic) is var least && least > _architecture)
        {
            throw new PtxException($"'{mnemonic}' needs sm_{least}, the module is for sm_{_architecture}");
        }

        if (mnemonic is "bra" or "bra.uni")
        {
            string label = _tokens.Take();
            _tokens.Expect(";");
            var branch = new Instruction
            {
                Kind = InstructionKind.Branch, Text = _tokens.TextFrom(start), Guard = guard, IsGuardNegated = isNegated,
            };
            _branches.Add((branch, label, [.. _labels]));
            return branch;
        }

        var operands = new List<Operand>();
        while (!_tokens.TryTake(";"))
        {
            operands.Add(ReadOperand());
            _tokens.TryTake(",");
        }

        return InstructionDecoder.Decode(mnemonic, operands, guard, isNegated, _tokens.TextFrom(start));
    }

    private Operand ReadOperand()
    {
        if (_tokens.TryTake("{"))
        {
            var slots = new List<int>();
            do
            {
                slots.Add(ReadSlot());
            }
            while (_tokens.TryTake(","));
            _tokens.Expect("}");
            return new Operand([.. slots]);
        }

        if (_tokens.TryTake("["))
        {
            int address = ReadSlot();
            bool isAbove = _tokens.TryTake("+");
            int sign = _tokens.TryTake("-") ? -1 : isAbove ? 1 : 0;
            long offset = sign == 0 ? 0 : sign * _tokens.TakeInt();
            // A tensor map's address has the box's place beside it.
            int[] coordinates = _tokens.TryTake(",") ? ReadOperand().Slots : [];
            _tokens.Expect("]");
            return new Operand([address, .. coordinates], IsAddress: true, offset);
        }

        int first = ReadSlot();
        return _tokens.TryTake("|") ? new Operand([first, ReadSlot()]) : new Operand([first]);
    }

    private int ReadSlot()
    {
        bool isNegative = _tokens.TryTake("-");
        string word = _tokens.Take();
        if (char.IsAsciiDigit(word[0]))
        {
            ulong bits = ParseNumber(word);
            return _slots.Of(isNegative ? (ulong)-(long)bits : bits);
        }

        return word == "_" ? _slots.Unnamed() : _slots.Of(word);
    }

    private static ulong ParseNumber(string word)
    {
        var digits = word.AsSpan().TrimEnd('U');
        bool isHexadecimal = digits is ['0', 'f' or 'F' or 'd' or 'D' or 'x' or 'X', ..];
        return ulong.TryParse(
            isHexadecimal ? digits[2..] : digits, isHexadecimal ? NumberStyles.HexNumber : NumberStyles.None, CultureInfo.InvariantCulture, out ulong bits)
            ? bits : throw new PtxException($"unknown number '{word}'");
    }
}

/// <summary>An operand as it was written: one slot, or several in braces or beside a bar.</summary>
internal sealed record Operand(int[] Slots, bool IsAddress = false, long Offset = 0);
