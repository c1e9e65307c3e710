namespace Mistral.Ilgpu.Generation;

/// <summary>A text that an <see cref="Engine"/> is to continue.</summary>
/// <param name="PromptIds">The text so far, from 1 token.</param>
public sealed record TextRequest(IReadOnlyList<int> PromptIds)
{
    /// <summary>How it is continued.</summary>
    public GenerationOptions Options { get; init; } = new();

    /// <summary>Whether the output is a text of its own, as an answer is, whose first word has no space before it.</summary>
    public bool StartsText { get; init; }

    /// <summary>Texts of higher priority begin first; equal ones in the order of their submission.</summary>
    public int Priority { get; init; }

    /// <summary>Ends the text, waiting or running, when so much time has passed since its submission; null for never.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is not positive.</exception>
    public TimeSpan? Deadline
    {
        get;
        init => field = value is null || value > TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Deadline), value, "expected a positive time");
    }

    /// <summary>The names of the adapters that are applied to this text, see <see cref="ModelInfo.Adapters"/>; null for those
    /// that the model was loaded with.</summary>
    public IReadOnlyList<string>? Adapters { get; init; }

    /// <summary>Which keys and values of other texts it may share.</summary>
    public PrefixReuse PrefixReuse { get; init; }

    /// <summary>The place in the cache that it goes on in and leaves behind; null for one of its own.</summary>
    internal KeptSequence? Kept { get; init; }

    /// <summary>Takes what passes make of the prompt; null where nothing does.</summary>
    internal PromptReader? Reader { get; init; }

    /// <summary>Whether it ends once its prompt is computed.</summary>
    internal bool EndsAfterPrompt { get; init; }

    /// <summary>Is called with how many tokens of the prompt are computed, of how many, after each chunk.</summary>
    internal Action<int, int>? OnRead { get; init; }
}
