using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>What one layout of files says of a model, before its parts are checked against each other.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Location">The file or folder, for messages.</param>
/// <param name="Layout">The layout, in words.</param>
/// <param name="Expected">Every tensor that the configuration asks for, by its name in this layout.</param>
/// <param name="Stored">Every tensor that the files hold.</param>
/// <param name="LoadTokenizer">Reads the tokenizer.</param>
internal sealed record ModelSource(
    string Name,
    string Location,
    string Layout,
    ModelConfig Config,
    IEnumerable<ExpectedTensor> Expected,
    IEnumerable<StoredTensor> Stored,
    Func<TextTokenizer> LoadTokenizer);
