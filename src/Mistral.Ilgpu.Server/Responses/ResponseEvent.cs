using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>An event of a streamed response.</summary>
internal sealed record ResponseEvent(string Type, int SequenceNumber)
{
    public Response? Response { get; init; }

    public int? OutputIndex { get; init; }

    public int? ContentIndex { get; init; }

    public string? ItemId { get; init; }

    public OutputItem? Item { get; init; }

    public OutputPart? Part { get; init; }

    public string? Delta { get; init; }

    public string? Text { get; init; }

    public string? Name { get; init; }

    public string? Arguments { get; init; }

    public IReadOnlyList<TokenLogprob>? Logprobs { get; init; }
}
