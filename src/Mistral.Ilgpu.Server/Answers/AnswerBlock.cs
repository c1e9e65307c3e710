using System.Text;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>A part of an answer of one kind.</summary>
/// <param name="Id">A call's id; null for others.</param>
/// <param name="Name">A call's function; null for others.</param>
internal sealed record AnswerBlock(BlockKind Kind, int Index, string? Id = null, string? Name = null)
{
    private readonly StringBuilder _text = new();
    private readonly List<TokenLogprob> _logprobs = [];

    /// <summary>The text so far, or a call's arguments.</summary>
    public string Text => _text.ToString();

    /// <summary>The log-probabilities of its tokens; none where they are not asked for, and where it is no text.</summary>
    public IReadOnlyList<TokenLogprob> Logprobs => _logprobs;

    /// <summary>Whether it is at its end. A call that turned out to be none never is.</summary>
    public bool IsWhole { get; set; }

    public void Append(string text, IReadOnlyList<TokenLogprob> logprobs)
    {
        _text.Append(text);
        _logprobs.AddRange(logprobs);
    }
}
