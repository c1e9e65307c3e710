using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>The tests that share one loaded model.</summary>
[CollectionDefinition(nameof(TinyLanguageModelCollection))]
public sealed class TinyLanguageModelCollection : ICollectionFixture<TinyLanguageModel>;
