using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Page;

/// <summary>The tests that share one browser.</summary>
[CollectionDefinition(nameof(ChatBrowserCollection))]
public sealed class ChatBrowserCollection : ICollectionFixture<ChatBrowser>;
