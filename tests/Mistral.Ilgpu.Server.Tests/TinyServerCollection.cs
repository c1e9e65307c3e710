using Xunit;

namespace Mistral.Ilgpu.Server.Tests;

/// <summary>The tests that share one server.</summary>
[CollectionDefinition(nameof(TinyServerCollection))]
public sealed class TinyServerCollection : ICollectionFixture<TinyServer>;
