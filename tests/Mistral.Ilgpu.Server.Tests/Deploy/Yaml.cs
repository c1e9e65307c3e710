using System.Globalization;
using Mistral.Ilgpu.Tests;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Mistral.Ilgpu.Server.Tests.Deploy;

/// <summary>Reads the files of <c>deploy/</c>.</summary>
internal static class Yaml
{
    public static string Folder { get; } = Path.Combine(Repository.Root, "src", "Mistral.Ilgpu.Server", "deploy");

    /// <summary>The documents of a file, with what they merge.</summary>
    public static IReadOnlyList<YamlNode> Read(string file)
    {
        using var reader = new StreamReader(Path.Combine(Folder, file));
        var stream = new YamlStream();
        stream.Load(new MergingParser(new Parser(reader)));
        return [.. stream.Documents.Select(document => document.RootNode)];
    }

    /// <summary>The node at a path of names and indices; null if there is none.</summary>
    public static YamlNode? Find(this YamlNode node, params string[] path) => path.Aggregate(
        (YamlNode?)node, (at, name) => at switch
        {
            YamlMappingNode map => map.Children.TryGetValue(new YamlScalarNode(name), out var value) ? value : null,
            YamlSequenceNode list => list.Children.ElementAtOrDefault(int.Parse(name, CultureInfo.InvariantCulture)),
            _ => null,
        });

    public static YamlNode At(this YamlNode node, params string[] path) =>
        node.Find(path) ?? throw new KeyNotFoundException(string.Join('.', path));

    public static string Text(this YamlNode node, params string[] path) => ((YamlScalarNode)node.At(path)).Value!;

    public static string[] Texts(this YamlNode node, params string[] path) =>
        [.. ((YamlSequenceNode)node.At(path)).Children.Select(child => ((YamlScalarNode)child).Value!)];

    public static IEnumerable<YamlNode> Items(this YamlNode node, params string[] path) =>
        node.Find(path) is YamlSequenceNode list ? list.Children : [];
}
