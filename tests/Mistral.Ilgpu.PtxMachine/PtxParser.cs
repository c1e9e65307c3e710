using System.Globalization;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Reads a module into one kernel: declarations, scopes and labels.</summary>
internal sealed partial class PtxParser(string module)
{
    private readonly PtxTokens _tokens = new(module);
    private readonly SlotTable _slots = new();
    private readonly List<Instruction> _code = [];
    private readonly Stack<Dictionary<string, int>> _labels = new([[]]);
    private readonly List<(Instruction Branch, string Label, Dictionary<string, int>[] Scopes)> _branches = [];
    private int _architecture;
    private int _sharedBytes;
    private int _localBytes;
    private int? _dynamicAlignment;
    private int _parameterBytes;
    private Extent? _mostThreads;
    private int _clusterSize = 1;
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
        _code.ForEach(instruction => instruction.Place(_slots.Place));
        int shared = Align(_sharedBytes, 16);
        if (_dynamicAlignment is { } alignment)
        {
            // What a launch adds is no more aligned than the module requires.
            shared = Align(_sharedBytes, alignment);
            shared += shared / alignment % 2 == 0 ? alignment : 0;
        }

        return new PtxKernel(_name, [.. _code], _slots.Contents(shared), _slots.SpecialAt)
        {
            SharedBytes = shared, LocalBytes = Align(_localBytes, 16), ParameterBytes = _parameterBytes, MostThreads = _mostThreads,
            ClusterSize = _clusterSize,
        };
    }

    private static int Align(int value, int alignment) => (value + alignment - 1) / alignment * alignment;

    private void ReadModuleItem()
    {
        switch (_tokens.Take())
        {
            case ".target":
                ReadTarget(_tokens.Take());
                break;
            case ".version" or ".address_size":
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

    private void ReadTarget(string target) => _architecture = int.Parse(
        target.AsSpan("sm_".Length).TrimEnd('a'), NumberStyles.None, CultureInfo.InvariantCulture);

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
            _slots.DeclareAddress(name, _parameterBytes);
            _parameterBytes += bytes ?? throw new PtxException($"parameter {name} has no size");
            _tokens.TryTake(",");
        }

        while (!_tokens.TryTake("{"))
        {
            ReadDirective();
        }

        ReadBody();
        foreach (var (branch, label, scopes) in _branches)
        {
            branch.Target =
                scopes.FirstOrDefault(scope => scope.ContainsKey(label))?[label] ?? throw new PtxException($"no label {label}");
        }
    }

    // .maxntid 256, 1, 1 is a promise about launches, .reqnctapercluster 2, 1, 1 what they have; the others are for the assembler.
    private void ReadDirective()
    {
        switch (_tokens.Take())
        {
            case ".maxntid":
                _mostThreads = ReadExtent();
                break;
            case ".reqnctapercluster":
                var cluster = ReadExtent();
                _clusterSize = cluster is { Y: 1, Z: 1, X: 1 or 2 }
                    ? cluster.X : throw new PtxException($"clusters of {cluster} groups are not modelled");
                break;
        }
    }

    private Extent ReadExtent()
    {
        int x = _tokens.TakeInt();
        int y = _tokens.TryTake(",") ? _tokens.TakeInt() : 1;
        return new Extent(x, y, _tokens.TryTake(",") ? _tokens.TakeInt() : 1);
    }

    private void ReadBody()
    {
        while (!_tokens.TryTake("}"))
        {
            switch (_tokens.Peek())
            {
                case "{":
                    _tokens.Take();
                    _slots.OpenScope();
                    _labels.Push([]);
                    ReadBody();
                    _labels.Pop();
                    _slots.CloseScope();
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
                case ";":
                    _tokens.Take();
                    break;
                default:
                    if (_tokens.Peek(1) == ":")
                    {
                        _labels.Peek()[_tokens.Take()] = _code.Count;
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
                    _slots.DeclareRegister($"{name}{i}");
                }
            }
            else
            {
                _slots.DeclareRegister(name);
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
            _dynamicAlignment = Math.Max(_dynamicAlignment ?? 16, alignment);
            _slots.DeclareBehindAll(name);
            return;
        }

        ref int total = ref isShared ? ref _sharedBytes : ref _localBytes;
        total = Align(total, alignment);
        _slots.DeclareAddress(name, total);
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
}
