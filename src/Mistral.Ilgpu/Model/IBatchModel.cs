using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// A model as text generation uses it: computes the next tokens of many texts in one pass. Call it from one thread at a time.
/// </summary>
internal interface IBatchModel
{
    /// <summary>The number of logits of a token.</summary>
    int VocabularySize { get; }

    /// <summary>The number of elements of a hidden state.</summary>
    int Dim { get; }

    /// <summary>The ids that end a text.</summary>
    IReadOnlyCollection<int> EosIds { get; }

    /// <summary>The longest text in tokens; null for no limit.</summary>
    int? Context { get; }

    /// <summary>The tokens up to which a pass takes chunks of prompts. Decoded tokens and one chunk always have room.</summary>
    int TokenBudget { get; }

    /// <summary>The texts whose keys and values the model holds.</summary>
    SequenceTable Sequences { get; }

    /// <summary>The adapters that texts may have.</summary>
    AdapterTable Adapters { get; }

    /// <summary>The mask of the adapters that are applied in the next pass.</summary>
    ulong AdaptersOn { get; set; }

    /// <summary>The number of tokens in the next chunk of a prompt. Chunks end at fixed positions of the text.</summary>
    int ChunkLength(int position, int remaining);

    /// <summary>Runs a pass over the tokens of a batch.</summary>
    void Forward(Batch batch, CancellationToken cancellation);

    /// <summary>The next token for a row of logits of the last pass, chosen as the batch specifies.</summary>
    int Choose(int row);

    /// <summary>Copies a row of logits of the last pass.</summary>
    void ReadLogits(int row, Span<float> logits);

    /// <summary>
    /// Computes the logits of consecutive tokens of the last pass. Overwrites the rows that the pass computed.
    /// </summary>
    void Score(int first, int count, float[] logits, Action<int> onRow);

    /// <summary>Copies the hidden states of consecutive tokens of the last pass, after the last norm: count × dim.</summary>
    void ReadHidden(int first, int count, Span<float> rows);

    /// <summary>Checks whether a text that ends has overflowed the cache.</summary>
    void CheckCache(Sequence sequence);
}
