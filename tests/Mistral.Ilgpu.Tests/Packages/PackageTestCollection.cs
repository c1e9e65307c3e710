using Xunit;

namespace Mistral.Ilgpu.Tests.Packages;

/// <summary>The tests that share one packing.</summary>
[CollectionDefinition(nameof(PackageTestCollection))]
public sealed class PackageTestCollection : ICollectionFixture<PackageFeed>;
