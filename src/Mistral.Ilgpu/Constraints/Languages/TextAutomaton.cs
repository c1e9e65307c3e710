namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>
/// A deterministic automaton of a language of whole texts. Its states are made as they are met: the derivatives of the language.
/// No state is dead, so each can still be completed. For one thread.
/// </summary>
internal sealed class TextAutomaton : IContent
{
    private const int Unknown = -2;

    private readonly LanguageFactory _factory;
    private readonly byte[] _classOf = new byte[256];
    private readonly byte[] _representatives;
    private readonly List<Language> _languages = [];
    private readonly List<int[]> _next = [];
    private readonly Dictionary<Language, int> _states = [];

    // Of languages that may be empty: whether they are.
    private readonly Dictionary<Language, bool> _isLive = [];

    public TextAutomaton(LanguageFactory factory, Language language)
    {
        _factory = factory;
        _representatives = Partition(language);
        Start = StateOf(language);
    }

    /// <summary>The first state; −1 if the language has no text.</summary>
    public int Start { get; }

    public int Next(int state, byte value)
    {
        ref int next = ref _next[state][_classOf[value]];
        if (next == Unknown)
        {
            // The list may move while the state is made.
            int made = StateOf(_factory.Derive(_languages[state], value));
            return _next[state][_classOf[value]] = made;
        }

        return next;
    }

    public bool IsAccepting(int state) => Next(state, LanguageFactory.End) >= 0;

    public bool IsUniversal(int state) => _languages[state] == _factory.AllText;

    /// <summary>Whether a text belongs to the language.</summary>
    public bool Accepts(ReadOnlySpan<byte> text)
    {
        int state = Start;
        for (int i = 0; i < text.Length && state >= 0; i++)
        {
            state = Next(state, text[i]);
        }

        return state >= 0 && IsAccepting(state);
    }

    private int StateOf(Language language)
    {
        if (_states.TryGetValue(language, out int state))
        {
            return state;
        }

        if (!IsLive(language))
        {
            state = -1;
        }
        else
        {
            state = _languages.Count;
            ConstraintLimits.Require(state < ConstraintLimits.States, "pattern", "too many states");
            _languages.Add(language);
            var next = new int[_representatives.Length];
            Array.Fill(next, Unknown);
            _next.Add(next);
        }

        _states[language] = state;
        return state;
    }

    // Searches for a text of the language, where its expression does not tell.
    private bool IsLive(Language language)
    {
        if (!language.MayBeEmpty)
        {
            return language != _factory.Nothing;
        }

        if (_isLive.TryGetValue(language, out bool known))
        {
            return known;
        }

        var cameFrom = new Dictionary<Language, Language?> { [language] = null };
        var open = new Queue<Language>([language]);
        while (open.TryDequeue(out var from))
        {
            ConstraintLimits.Require(cameFrom.Count < ConstraintLimits.States, "pattern", "too many states");
            if (IsFull(from))
            {
                // All on the way there are live too.
                for (Language? live = from; live is not null; live = cameFrom[live])
                {
                    _isLive[live] = true;
                }

                return true;
            }

            foreach (byte value in _representatives)
            {
                var to = _factory.Derive(from, value);
                if (to != _factory.Nothing && _isLive.GetValueOrDefault(to, true) && cameFrom.TryAdd(to, from))
                {
                    open.Enqueue(to);
                }
            }
        }

        foreach (var dead in cameFrom.Keys)
        {
            _isLive[dead] = false;
        }

        return false;
    }

    // Whether a language is known to have a text.
    private bool IsFull(Language language) =>
        language.IsNullable || !language.MayBeEmpty || (_isLive.TryGetValue(language, out bool isLive) && isLive);

    // Bytes that no set of the language tells apart have the same derivatives.
    private byte[] Partition(Language language)
    {
        var sets = new HashSet<ByteSet>();
        var seen = new HashSet<Language>();
        var open = new Stack<Language>([language]);
        while (open.TryPop(out var one))
        {
            if (seen.Add(one))
            {
                if (one.Kind == LanguageKind.Bytes)
                {
                    sets.Add(one.Set);
                }

                foreach (var part in one.Parts)
                {
                    open.Push(part);
                }
            }
        }

        // 0xFF is in a class of its own, because it ends texts.
        var classes = new Dictionary<(int, byte), byte>();
        var count = 1;
        foreach (var set in sets.Append(ByteSet.Of(LanguageFactory.End)))
        {
            classes.Clear();
            count = 0;
            for (int value = 0; value < 256; value++)
            {
                var key = (set.Contains((byte)value) ? 1 : 0, _classOf[value]);
                if (!classes.TryGetValue(key, out byte number))
                {
                    classes[key] = number = (byte)count++;
                }

                _classOf[value] = number;
            }
        }

        return [.. Enumerable.Range(0, count).Select(number => (byte)Array.IndexOf(_classOf, (byte)number))];
    }
}
