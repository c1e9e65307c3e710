using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Model;

/// <summary>A model as those who continue texts with it see it: the next tokens of many texts in one pass. Calls come from one thread at a
/// time.</summary>
internal interface IBatchModel
{
    /// <summary>Logits of a token.</summary>
    int VocabularySize { get; }

    /// <summary>Numbers of a hidden state.</summary>
    int Dim { get; }

    /// <summary>The ids that end a text.</summary>
    IReadOnlyCollection<int> EosIds { get; }

    /// <summary>Longest text in tokens; null for no limit.</summary>
    int? Context { get; }

    /// <summary>Tokens in a pass at most.</summary>
    int MaxTokens { get; }

    /// <summary>The texts whose keys and values it holds.</summary>
    SequenceTable Sequences { get; }

    /// <summary>The names of its adapters; bit i of a mask is the i-th.</summary>
    IReadOnlyList<string> AdapterNames { get; }

    /// <summary>The mask of the adapters that are on in the next pass.</summary>
    ulong AdaptersOn { get; set; }

    /// <summary>Tokens of the next chunk of a prompt of which so many remain. Chunks end at fixed positions of the text.</summary>
    int ChunkLength(int position, int remaining);

    /// <summary>Takes the batch's tokens in one pass.</summary>
    void Forward(Batch batch, CancellationToken cancellation);

    /// <summary>The next token for a row of logits of the last pass, chosen as the batch asked.</summary>
    int Choose(int row);

    /// <summary>Copies a row of logits of the last pass.</summary>
    void ReadLogits(int row, Span<float> logits);

    /// <summary>Hands out the logits of neighbouring tokens of the last pass. The rows that the pass made are gone then.</summary>
    void Score(int first, int count, float[] logits, Action<int> onRow);

    /// <summary>Copies the hidden states of neighbouring tokens of the last pass, after the last norm: count × dim.</summary>
    void ReadHidden(int first, int count, Span<float> rows);

    /// <summary>Looks whether a text that ends has overflowed the cache.</summary>
    void CheckCache(Sequence sequence);
}
