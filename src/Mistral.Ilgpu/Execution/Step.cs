using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>One walk of the graph: which tokens of which sequences it takes, and for how many of them logits are wanted. A batch makes one
/// of each filling, which is good until it is filled again; see <see cref="Copy"/>.</summary>
public sealed class Pass(int decodeCount, int prefillCount, int logitCount)
{
    private readonly List<PassSpan> _spans = [];

    /// <summary>Sequences that go on by one token; their tokens come first.</summary>
    public int DecodeCount { get; private set; } = decodeCount;

    /// <summary>Tokens of prompts.</summary>
    public int PrefillCount { get; private set; } = prefillCount;

    /// <summary>Rows of logits.</summary>
    public int LogitCount { get; private set; } = logitCount;

    public int TokenCount => DecodeCount + PrefillCount;

    /// <summary>The sequences in the order of their tokens.</summary>
    public IReadOnlyList<PassSpan> Spans => _spans;

    /// <summary>Tiles that the prompts' queries are cut into.</summary>
    public int QueryTiles { get; internal set; }

    /// <summary>Tiles that the prompts' keys take until they are in their rings.</summary>
    public int FreshTiles { get; internal set; }

    /// <summary>Splits of the keys of decoded tokens that launches make room for, see <see cref="DecodeSplits.Room"/>.</summary>
    public int DecodeRoom(int splitTiles)
    {
        int longest = 1;
        for (int i = 0; i < DecodeCount; i++)
        {
            longest = Math.Max(longest, Spans[i].StartPosition + 1);
        }

        return DecodeSplits.Room(longest, splitTiles);
    }

    /// <summary>Whether logits are wanted of many tokens of a text, as scoring does, and not of the last alone.</summary>
    public bool IsScoring { get; private set; }

    /// <summary>The same, for those who keep it.</summary>
    public Pass Copy()
    {
        var copy = new Pass(DecodeCount, PrefillCount, LogitCount) { QueryTiles = QueryTiles, FreshTiles = FreshTiles, IsScoring = IsScoring };
        copy._spans.AddRange(_spans);
        return copy;
    }

    internal void Begin(int decodeCount, int prefillCount, int logitCount, bool isScoring)
    {
        (DecodeCount, PrefillCount, LogitCount, IsScoring) = (decodeCount, prefillCount, logitCount, isScoring);
        _spans.Clear();
    }

    internal void Add(PassSpan span) => _spans.Add(span);
}

/// <summary>A sequence's tokens in a pass.</summary>
/// <param name="StartPosition">Absolute position of the first.</param>
public readonly record struct PassSpan(int StartPosition, int TokenCount);

/// <summary>What a step moves and computes in one pass.</summary>
/// <param name="Bytes">Bytes of device memory that must be read or written, each counted once.</param>
/// <param name="Operations">Arithmetic operations; a multiply-add is two.</param>
public readonly record struct StepCost(long Bytes, long Operations)
{
    public static StepCost operator +(StepCost a, StepCost b) => new(a.Bytes + b.Bytes, a.Operations + b.Operations);
}

/// <summary>A named node of the graph, bound to its buffers: running it launches its kernels, one or a few.</summary>
/// <param name="output">What it makes, where that is activations.</param>
/// <param name="isFused">Passes in which the next step does its work too; none if null.</param>
public sealed class Step(string name, Launch launch, Func<Pass, StepCost> cost, RowSet rows, Activation? output, Func<Pass, bool>? isFused = null)
{
    public string Name { get; } = name;

    /// <summary>The name without its layer: <c>qkv</c> of <c>layers.3.qkv</c>.</summary>
    public string Kind { get; } = name[(name.LastIndexOf('.') + 1)..];

    /// <summary>The name's other part, <c>layers.3</c>; empty outside of layers.</summary>
    public string Layer { get; } = name[..Math.Max(0, name.LastIndexOf('.'))];

    /// <summary>See <see cref="StepChains"/>.</summary>
    public IReadOnlyList<ILink>? Links(bool isSplit) => launch.Links(isSplit);

    /// <summary>Activations that the step makes: a row for each of <see cref="RowCount"/>, and the cache where it attends.</summary>
    public Activation? Output => output;

    /// <summary>Rows that the step has in a pass.</summary>
    public int RowCount(Pass pass) => rows.Count(pass);

    /// <summary>Whether the pass has rows for the step, and no other does its work.</summary>
    public bool HasWork(Pass pass) => RowCount(pass) > 0 && isFused?.Invoke(pass) != true;

    /// <summary>Puts the step's kernels on the device's stream, if there is work for them; does not wait.</summary>
    public void Launch(Pass pass)
    {
        if (HasWork(pass))
        {
            launch.Run(pass);
        }
    }

    /// <summary>What it moves and computes, by the formula of the verb of <see cref="KernelSet"/> that made it.</summary>
    public StepCost Cost(Pass pass) => HasWork(pass) ? cost(pass) : default;
}
