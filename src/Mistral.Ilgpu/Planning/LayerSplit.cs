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
    /// Splits layers so that all devices are filled to the same fraction of their memory, as nearly as whole layers allow. Spare
    /// devices take only what others have no room for, which can be nothing. The fraction can be more than one, if the layers do
    /// not fit.
    /// </summary>
    /// <returns>The layers of each device.</returns>
    public static IReadOnlyList<Range> ByMemory(IReadOnlyList<LayerRoom> rooms)
    {
        bool areAllSpare = rooms.All(room => room.IsSpare);
        bool isAnySpare = !areAllSpare && rooms.Any(room => room.IsSpare);
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

        // Each device takes as many layers as fit, and leaves those that later ones need at least.
        List<Range>? TryFill(double level)
        {
            var ranges = new List<Range>();
            int first = 0;
            foreach (var room in rooms)
            {
                int fewest = IsBeyond(room) ? 0 : 1;
                int limit = room.Layers.Count - rooms.Skip(ranges.Count + 1).Count(later => !IsBeyond(later));
                double left = (Fraction(room, level) * room.Bytes) - room.Fixed;
                int end = first;
                while (end < limit && (left >= room.Layers[end] || end < first + fewest))
                {
                    left -= room.Layers[end++];
                }

                if (end > first && left < 0)
                {
                    return null;
                }

                ranges.Add(first..end);
                first = end;
            }

            return first == rooms[0].Layers.Count ? ranges : null;
        }

        // Others are filled first, up to all of their memory.
        double Fraction(LayerRoom room, double level) =>
            IsBeyond(room) ? level - 1 : isAnySpare ? Math.Min(level, 1) : level;

        bool IsBeyond(LayerRoom room) => room.IsSpare && !areAllSpare;
    }
}
