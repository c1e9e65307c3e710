namespace Mistral.Ilgpu.Planning;

/// <summary>Splits the layers of a model over devices. Each device takes consecutive layers, at least one.</summary>
internal static class LayerSplit
{
    private const int Halvings = 60;

    /// <summary>Splits layers in proportion to the shares of the devices.</summary>
    /// <param name="layers">At least as many as there are devices.</param>
    /// <param name="shares">Positive numbers.</param>
    /// <returns>The layers of each device.</returns>
    /// <example>8 layers in the shares 3 and 1: the layers 0 to 5, and 6 and 7.</example>
    public static IReadOnlyList<Range> InProportion(int layers, IReadOnlyList<double> shares)
    {
        double total = shares.Sum();
        double sum = 0;
        var ranges = new List<Range>();
        int first = 0;
        foreach (double share in shares)
        {
            sum += share;
            int left = shares.Count - ranges.Count - 1;
            int end = Math.Clamp((int)Math.Round(layers * (sum / total)), first + 1, layers - left);
            ranges.Add(first..end);
            first = end;
        }

        return ranges;
    }

    /// <summary>
    /// Splits layers so that all devices are filled to the same fraction of their memory, as nearly as whole layers allow. The
    /// fraction can be more than one, if the layers do not fit.
    /// </summary>
    /// <param name="rooms">For each device its memory, the part of it that does not depend on the number of layers, and the bytes
    /// of each layer there.</param>
    /// <returns>The layers of each device.</returns>
    public static IReadOnlyList<Range> ByMemory(IReadOnlyList<(long Bytes, long Fixed, IReadOnlyList<long> Layers)> rooms)
    {
        double most = 1;
        while (TryFill(most) is null)
        {
            most *= 2;
        }

        double least = 0;
        for (int i = 0; i < Halvings; i++)
        {
            double middle = (least + most) / 2;
            (least, most) = TryFill(middle) is null ? (middle, most) : (least, middle);
        }

        return TryFill(most)!;

        // Each device takes as many layers as fit, and leaves one for each later device.
        List<Range>? TryFill(double fraction)
        {
            int layers = rooms[0].Layers.Count;
            var ranges = new List<Range>();
            int first = 0;
            foreach (var (bytes, taken, layer) in rooms)
            {
                double left = (fraction * bytes) - taken - layer[first];
                int end = first + 1;
                int most = layers - (rooms.Count - ranges.Count - 1);
                while (end < most && left >= layer[end])
                {
                    left -= layer[end++];
                }

                if (left < 0)
                {
                    return null;
                }

                ranges.Add(first..end);
                first = end;
            }

            return first == layers ? ranges : null;
        }
    }
}
