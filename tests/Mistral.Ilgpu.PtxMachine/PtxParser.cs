using System.Globalization;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Reads a module into one kernel: declarations, labels, scopes and the operands of instructions.</summary>
internal sealed class PtxParser(string module)
{
    // Until all registers are declared, slots of special registers and of constants count from here.
    private const int Special = 1 << 20;
    private const int Constant = 1 << 21;

    // Reads as a number far off, as an address out of every range and, in floats, as a NaN.
    private const ulong Unwritten = 0x7FD5_BADD_FFD5_BADD;

    private readonly PtxTokens _tokens = new(module);
    private readonly List<Instruction> _code = [];
    private readonly List<ulong> _constants = [];
    private readonly Dictionary<ulong, int> _constantAt = [];
    private readonly Stack<Scope> _scopes = new([new Scope()]);
    private readonly List<(Instruction Branch, string Label, Scope[] Scopes)> _branches = [];
    private readonly List<int> _dynamicShared = [];
    private int _registers;
    private int _sharedBytes;
    private int _localBytes;
    private int _parameterBytes;
    private string? _name;

    public PtxKernel Parse()
    {
        while (!_tokens.IsAtEnd)
        {
            ReadModuleItem();
        }

        if (_name is null)
        {
            throw new PtxException("the module has no entry point");
        }

        // A thread that runs past the last instruction ends.
        _code.Add(new Instruction { Kind = InstructionKind.Exit, Text = "}" });
        int dynamicAt = Align(_sharedBytes, 16);
        _dynamicShared.ForEach(index => _constants[index] = (ulong)dynamicAt);
        int specials = Enum.GetValues<SpecialRegister>().Length;
        foreach (var instruction in _code)
        {
            instruction.Place(slot => slot switch
            {
                >= Constant => slot - Constant + specials + _registers,
                >= Special => slot - Special + _registers,
                _ => slot,
            });
        }

        ulong[] slots = [.. Enumerable.Repeat(Unwritten, _registers), .. new ulong[specials], .. _constants];
        return new PtxKernel(_name, [.. _code], slots, _registers)
        {
            SharedBytes = dynamicAt, LocalBytes = Align(_localBytes, 16), ParameterBytes = _parameterBytes,
        };
    }

    private static int Align(int value, int alignment) => (value + alignment - 1) / alignment * alignment;

    private void ReadModuleItem()
    {
        switch (_tokens.Take())
        {
            case ".version" or ".target" or ".address_size":
                _tokens.Take();
                while (_tokens.TryTake(","))
                {
                    _tokens.Take();
                }

                break;
            case ".extern" or ".visible":
                break;
            case ".shared":
                DeclareArray(isShared: true);
                break;
            case ".entry":
                ReadEntry();
                break;
            case var other:
                throw new PtxException($"unknown in a module: '{other}'");
        }
    }

    private void ReadEntry()
    {
        if (_name is not null)
        {
            throw new PtxException($"more than one entry point: {_name} and {_tokens.Peek()}");
        }

        _name = _tokens.Take();
        _tokens.Expect("(");
        while (!_tokens.TryTake(")"))
        {
            _tokens.Expect(".param");
            var (name, alignment, bytes) = ReadArray();
            _parameterBytes = Align(_parameterBytes, alignment);
            Name(name, (ulong)_parameterBytes);
            _parameterBytes += bytes ?? throw new PtxException($"parameter {name} has no size");
            _tokens.TryTake(",");
        }

        while (_tokens.Peek() != "{")
        {
            _tokens.Take();
        }

        _tokens.Take();
        ReadBody();
        foreach (var (branch, label, scopes) in _branches)
        {
            branch.Target = scopes.Select(scope => scope.Labels.TryGetValue(label, out int at) ? at : -1).FirstOrDefault(at => at >= 0, -1);
            if (branch.Target < 0)
            {
                throw new PtxException($"no label {label}");
            }
        }
    }

    private void ReadBody()
    {
        int depth = _scopes.Count;
        while (true)
        {
            switch (_tokens.Peek())
            {
                case "}":
                    _tokens.Take();
                    if (_scopes.Count == depth)
                    {
                        return;
                    }

                    _scopes.Pop();
                    break;
                case "{":
                    _tokens.Take();
                    _scopes.Push(new Scope());
                    break;
                case ".reg":
                    _tokens.Take();
                    DeclareRegisters();
                    break;
                case ".shared" or ".local":
                    DeclareArray(_tokens.Take() == ".shared");
                    break;
                case ".pragma":
                    _tokens.Take();
                    _tokens.Take();
                    _tokens.Expect(";");
                    break;
                default:
                    if (_tokens.Peek(1) == ":")
                    {
                        _scopes.Peek().Labels[_tokens.Take()] = _code.Count;
                        _tokens.Take();
                    }
                    else
                    {
                        _code.Add(ReadInstruction());
                    }

                    break;
            }
        }
    }

    // .reg .b32 %r<27>;   .reg .pred p, q;
    private void DeclareRegisters()
    {
        _tokens.Take();
        do
        {
            string name = _tokens.Take();
            if (_tokens.TryTake("<"))
            {
                int count = _tokens.TakeInt();
                _tokens.Expect(">");
                for (int i = 0; i < count; i++)
                {
                    _scopes.Peek().Names[$"{name}{i}"] = _registers++;
                }
            }
            else
            {
                _scopes.Peek().Names[name] = _registers++;
            }
        }
        while (_tokens.TryTake(","));
        _tokens.Expect(";");
    }

    private void DeclareArray(bool isShared)
    {
        var (name, alignment, bytes) = ReadArray();
        _tokens.Expect(";");
        if (bytes is null)
        {
            // Its place is known when all other arrays are.
            _constants.Add(0);
            _dynamicShared.Add(_constants.Count - 1);
            _scopes.Peek().Names[name] = Constant + _constants.Count - 1;
            return;
        }

        ref int total = ref isShared ? ref _sharedBytes : ref _localBytes;
        total = Align(total, alignment);
        Name(name, (ulong)total);
        total += bytes.Value;
    }

    // .align 8 .b8 name[88]
    private (string Name, int Alignment, int? Bytes) ReadArray()
    {
        int? alignment = _tokens.TryTake(".align") ? _tokens.TakeInt() : null;
        string type = _tokens.Take();
        int width = PtxType.Parse(type[1..])?.Bytes ?? throw new PtxException($"unknown type '{type}'");
        string name = _tokens.Take();
        int? count = 1;
        if (_tokens.TryTake("["))
        {
            count = _tokens.Peek() == "]" ? null : _tokens.TakeInt();
            _tokens.Expect("]");
        }

        return (name, alignment ?? width, count * width);
    }

    private Instruction ReadInstruction()
    {
        int start = _tokens.Position;
        int guard = -1;
        bool isNegated = false;
        if (_tokens.TryTake("@"))
        {
            isNegated = _tokens.TryTake("!");
            guard = Resolve(_tokens.Take());
        }

        string mnemonic = _tokens.Take();
        var operands = new List<Operand>();
        if (mnemonic is "bra" or "bra.uni")
        {
            string label = _tokens.Take();
            _tokens.Expect(";");
            var branch = new Instruction
            {
                Kind = InstructionKind.Branch, Text = _tokens.TextFrom(start), Guard = guard, IsGuardNegated = isNegated,
            };
            _branches.Add((branch, label, [.. _scopes]));
            return branch;
        }

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
            long offset = _tokens.TryTake("+") ? _tokens.TryTake("-") ? -_tokens.TakeInt() : _tokens.TakeInt()
                : _tokens.TryTake("-") ? -_tokens.TakeInt() : 0;
            _tokens.Expect("]");
            return new Operand([address], IsAddress: true, offset);
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
            return ConstantSlot(isNegative ? (ulong)-(long)bits : bits);
        }

        // What is written to it is not wanted.
        return word == "_" ? _registers++ : Resolve(word);
    }

    private static ulong ParseNumber(string word) => word.Length < 2 ? ulong.Parse(word, CultureInfo.InvariantCulture) : word[..2] switch
    {
        "0f" or "0F" => uint.Parse(word.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        "0d" or "0D" or "0x" or "0X" => ulong.Parse(word.AsSpan(2).TrimEnd('U'), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        _ => ulong.TryParse(word.AsSpan().TrimEnd('U'), CultureInfo.InvariantCulture, out ulong value)
            ? value : throw new PtxException($"unknown number '{word}'"),
    };

    private int Resolve(string name)
    {
        foreach (var scope in _scopes)
        {
            if (scope.Names.TryGetValue(name, out int slot))
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
            "%dynamic_smem_size" => Of(SpecialRegister.DynamicSharedBytes),
            "WARP_SZ" => ConstantSlot(Warp.Size),
            _ => throw new PtxException($"unknown name '{name}'"),
        };

        static int Of(SpecialRegister register) => Special + (int)register;
    }

    private int ConstantSlot(ulong bits)
    {
        if (!_constantAt.TryGetValue(bits, out int index))
        {
            index = _constantAt[bits] = _constants.Count;
            _constants.Add(bits);
        }

        return Constant + index;
    }

    private void Name(string name, ulong address) => _scopes.Peek().Names[name] = ConstantSlot(address);

    private sealed class Scope
    {
        public Dictionary<string, int> Names { get; } = [];

        public Dictionary<string, int> Labels { get; } = [];
    }
}

/// <summary>An operand as it was written: one slot, or several in braces or beside a bar.</summary>
internal sealed record Operand(int[] Slots, bool IsAddress = false, long Offset = 0);
