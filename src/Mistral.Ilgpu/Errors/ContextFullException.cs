namespace Mistral.Ilgpu;

/// <summary>A text has no room left in the context.</summary>
public sealed class ContextFullException : MistralException
{
    internal ContextFullException(int context, long needed)
        : base(FormattableString.Invariant(
            $"the text needs {needed:N0} tokens of context and the model has {context:N0}; load it with a longer context")) =>
        (Context, Needed) = (context, needed);

    /// <summary>Tokens that a text may have.</summary>
    public int Context { get; }

    /// <summary>Tokens that the text would have.</summary>
    public long Needed { get; }
}
