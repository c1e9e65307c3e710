using System.Text;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Names as a tree of their bytes. A node stands for consecutive names, those that begin with its bytes.</summary>
internal sealed class NameTree
{
    private readonly List<(int First, int End, int Depth, Dictionary<byte, int> Children)> _nodes = [];
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);
    private readonly byte[][] _bytes;

    public NameTree(IEnumerable<string> names)
    {
        _bytes = [.. names.Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)];
        Array.Sort(_bytes, static (x, y) => x.AsSpan().SequenceCompareTo(y));
        All = [.. _bytes.Select(Encoding.UTF8.GetString)];
        int longest = _bytes.Select(name => name.Length).DefaultIfEmpty().Max();
        ConstraintLimits.Require(longest <= ConstraintLimits.Name, "properties", $"a name of {longest} bytes");
        for (int i = 0; i < All.Count; i++)
        {
            _indices[All[i]] = i;
        }

        Add(0, All.Count, 0);
    }

    /// <summary>The names in the order of their bytes.</summary>
    public IReadOnlyList<string> All { get; }

    public int IndexOf(string name) => _indices[name];

    /// <summary>The node behind a byte; −1 if no name goes on so.</summary>
    public int Next(int node, byte value) => _nodes[node].Children.GetValueOrDefault(value, -1);

    /// <summary>The name that ends in a node; −1 for none.</summary>
    public int NameAt(int node)
    {
        var (first, end, depth, _) = _nodes[node];
        return first < end && _bytes[first].Length == depth ? first : -1;
    }

    /// <summary>The names below a node and in it.</summary>
    public (int First, int End) NamesBelow(int node) => (_nodes[node].First, _nodes[node].End);

    private int Add(int first, int end, int depth)
    {
        int node = _nodes.Count;
        var children = new Dictionary<byte, int>();
        _nodes.Add((first, end, depth, children));
        int from = first < end && _bytes[first].Length == depth ? first + 1 : first;
        while (from < end)
        {
            byte value = _bytes[from][depth];
            int to = from + 1;
            while (to < end && _bytes[to][depth] == value)
            {
                to++;
            }

            children[value] = Add(from, to, depth + 1);
            from = to;
        }

        return node;
    }
}
