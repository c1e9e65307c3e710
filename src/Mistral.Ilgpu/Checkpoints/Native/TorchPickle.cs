using System.Buffers.Binary;
using System.Numerics;

namespace Mistral.Ilgpu.Checkpoints.Native;

/// <summary>
/// Interprets the pickle of a dictionary of tensors. A pickle is a program that may call any function.
/// This interpreter knows only the instructions and the few names that torch.save writes for tensors, and refuses all others.
/// It cannot call anything else.
/// </summary>
internal sealed class TorchPickle
{
    private const int MostDepth = 1 << 20;

    private static readonly object Mark = new();
    private static readonly object None = new();

    private static readonly Dictionary<string, object> Globals = new()
    {
        ["torch._utils _rebuild_tensor_v2"] = Callable.Tensor,
        ["torch._utils _rebuild_parameter"] = Callable.Parameter,
        ["collections OrderedDict"] = Callable.Dictionary,
        ["torch FloatStorage"] = "F32",
        ["torch HalfStorage"] = "F16",
        ["torch BFloat16Storage"] = "BF16",
    };

    private readonly PickleReader _reader;
    private readonly Stack<object> _stack = new();
    private readonly Dictionary<uint, object> _memo = [];

    private TorchPickle(PickleReader reader) => _reader = reader;

    private enum Callable
    {
        Tensor,
        Parameter,
        Dictionary,
    }

    /// <exception cref="ModelFileException">The pickle is damaged or contains anything but tensors by name.</exception>
    public static IReadOnlyDictionary<string, TorchTensor> Read(byte[] pickle, string file) =>
        new TorchPickle(new PickleReader(pickle, file)).Run();

    private Dictionary<string, TorchTensor> Run()
    {
        while (true)
        {
            byte opcode = _reader.Take(1)[0];
            if (opcode == '.')
            {
                return Tensors(Pop());
            }

            if (_stack.Count > MostDepth || _memo.Count > MostDepth)
            {
                throw _reader.Error($"more than {MostDepth} values", "the pickle of a model");
            }

            Step(opcode);
        }
    }

    private Dictionary<string, TorchTensor> Tensors(object result)
    {
        var tensors = new Dictionary<string, TorchTensor>(StringComparer.Ordinal);
        foreach (var (key, value) in
            result as Dictionary<object, object> ?? throw _reader.Error(Describe(result), "a dictionary of tensors"))
        {
            if (key is not string name || value is not TorchTensor tensor)
            {
                throw _reader.Error($"{Describe(key)} with {Describe(value)}", "names with tensors");
            }

            tensors.Add(name, tensor);
        }

        return tensors;
    }

    private void Step(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: // PROTO
                if (_reader.Take(1)[0] is var version && version is < 2 or > 5)
                {
                    throw _reader.Error($"protocol {version}", "2 to 5");
                }

                break;
            case 0x95: // FRAME
                _reader.Take(8);
                break;
            case (byte)'c': // GLOBAL
                Push(Global(_reader.Line(), _reader.Line()));
                break;
            case 0x93: // STACK_GLOBAL
                string member = Pop<string>();
                Push(Global(Pop<string>(), member));
                break;
            case (byte)'q': // BINPUT
                _memo[_reader.Take(1)[0]] = Peek();
                break;
            case (byte)'r': // LONG_BINPUT
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(_reader.Take(4))] = Peek();
                break;
            case 0x94: // MEMOIZE
                _memo[(uint)_memo.Count] = Peek();
                break;
            case (byte)'h': // BINGET
                Push(Recall(_reader.Take(1)[0]));
                break;
            case (byte)'j': // LONG_BINGET
                Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(_reader.Take(4))));
                break;
            case (byte)'(':
                Push(Mark);
                break;
            case (byte)'}': // EMPTY_DICT
                Push(new Dictionary<object, object>());
                break;
            case (byte)')': // EMPTY_TUPLE
                Push(Array.Empty<object>());
                break;
            case 0x85 or 0x86 or 0x87: // TUPLE1, TUPLE2, TUPLE3
                Push(PopMany(opcode - 0x84));
                break;
            case (byte)'t': // TUPLE
                Push(PopToMark());
                break;
            case (byte)'X': // BINUNICODE
                Push(_reader.Text(BinaryPrimitives.ReadUInt32LittleEndian(_reader.Take(4))));
                break;
            case 0x8C: // SHORT_BINUNICODE
                Push(_reader.Text(_reader.Take(1)[0]));
                break;
            case (byte)'K': // BININT1
                Push((BigInteger)_reader.Take(1)[0]);
                break;
            case (byte)'M': // BININT2
                Push((BigInteger)BinaryPrimitives.ReadUInt16LittleEndian(_reader.Take(2)));
                break;
            case (byte)'J': // BININT
                Push((BigInteger)BinaryPrimitives.ReadInt32LittleEndian(_reader.Take(4)));
                break;
            case 0x8A: // LONG1
                Push(new BigInteger(_reader.Take(_reader.Take(1)[0])));
                break;
            case 0x88 or 0x89: // NEWTRUE, NEWFALSE
                Push(opcode == 0x88);
                break;
            case (byte)'N':
                Push(None);
                break;
            case (byte)'Q': // BINPERSID
                Push(Storage(Pop<object[]>()));
                break;
            case (byte)'R': // REDUCE
                object[] arguments = Pop<object[]>();
                Push(Call(Pop<Callable>(), arguments));
                break;
            case (byte)'s': // SETITEM
                object value = Pop();
                object key = Pop();
                Set(key, value);
                break;
            case (byte)'u': // SETITEMS
                object[] items = PopToMark();
                if (items.Length % 2 != 0)
                {
                    throw _reader.Error($"{items.Length} keys and values", "pairs");
                }

                for (int i = 0; i < items.Length; i += 2)
                {
                    Set(items[i], items[i + 1]);
                }

                break;
            case (byte)'b': // BUILD: the dictionary's attributes, such as its version, do not concern the tensors.
                Pop();
                if (Peek() is not Dictionary<object, object>)
                {
                    throw _reader.Error($"opcode BUILD for {Describe(Peek())}", "it for a dictionary");
                }

                break;
            default:
                throw _reader.Error($"opcode 0x{opcode:X2}, which torch does not write for tensors", "a dictionary of tensors");
        }
    }

    private object Global(string module, string name) => Globals.GetValueOrDefault($"{module} {name}")
        ?? throw _reader.Error($"the name {module}.{name}", "only names that a dictionary of tensors needs");

    private TorchStorage Storage(object[] id) =>
        id is ["storage", string type, string key, string, BigInteger] && type is "F32" or "F16" or "BF16"
        ? new TorchStorage((string)id[1], (string)id[2])
        : throw _reader.Error("a persistent id", "that of a storage of float32, float16 or bfloat16");

    private object Call(Callable callable, object[] arguments) => (callable, arguments) switch
    {
        (Callable.Dictionary, []) => new Dictionary<object, object>(),
        (Callable.Tensor, [TorchStorage storage, BigInteger offset, object[] shape, object[] strides, ..])
            when shape.Length == strides.Length && shape.Length is >= 1 and <= 8 =>
            new TorchTensor(storage, offset, Sizes(shape), Sizes(strides)),
        (Callable.Parameter, [TorchTensor tensor, ..]) => tensor,
        _ => throw _reader.Error(
            $"a call of {callable} with {arguments.Length} arguments",
            "a tensor of one to eight dimensions or an empty dictionary"),
    };

    private long[] Sizes(object[] sizes) =>
    [
        .. sizes.Select(size => size is BigInteger number && number >= 0 && number <= long.MaxValue
            ? (long)number
            : throw _reader.Error(Describe(size), "a size")),
    ];

    private void Set(object key, object value)
    {
        if (Peek() is not Dictionary<object, object> dictionary || key is not (string or BigInteger))
        {
            throw _reader.Error($"an item {Describe(key)} for {Describe(Peek())}", "names in a dictionary");
        }

        if (!dictionary.TryAdd(key, value))
        {
            throw _reader.Error($"{key} twice", "it once");
        }
    }

    private object Recall(uint index) =>
        _memo.GetValueOrDefault(index) ?? throw _reader.Error($"a reference to value {index}", "one that was kept");

    private object[] PopMany(int count)
    {
        var values = new object[count];
        for (int i = count - 1; i >= 0; i--)
        {
            values[i] = Pop();
        }

        return values;
    }

    private object[] PopToMark()
    {
        var values = new List<object>();
        while (_stack.TryPop(out object? value))
        {
            if (ReferenceEquals(value, Mark))
            {
                values.Reverse();
                return [.. values];
            }

            values.Add(value);
        }

        throw _reader.Error("no mark", "one where a list of values starts");
    }

    private T Pop<T>() =>
        Pop() is var value && value is T typed ? typed : throw _reader.Error(Describe(value), $"a {typeof(T).Name}");

    private object Pop() =>
        _stack.TryPop(out object? value) && !ReferenceEquals(value, Mark) ? value : throw _reader.Error("no value", "one more");

    private object Peek() =>
        _stack.TryPeek(out object? value) && !ReferenceEquals(value, Mark) ? value : throw _reader.Error("no value", "one more");

    private void Push(object value) => _stack.Push(value);

    private static string Describe(object value) => value switch
    {
        string text => $"'{(text.Length > 80 ? text[..80] : text)}'",
        BigInteger => "a whole number",
        TorchTensor => "a tensor",
        TorchStorage => "a storage",
        Dictionary<object, object> => "a dictionary",
        object[] => "a tuple",
        _ => "another value",
    };
}
